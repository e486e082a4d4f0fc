// A step of the build: literals of patterns that V8 would compile while it reads the package.
import ts from 'typescript'

/**
 * Writes a pattern with classes of Unicode (`/\p{L}/u`) as `new RegExp(…)`, which means the same: V8 makes the sets of such a literal while it reads the file,
 * whether its function is ever called or not, and 20 of them take 3 ms.
 */
export const patterns = {
  name: 'patterns',
  transform(code) {
    if (!/\\p\{/i.test(code)) return null
    const source = ts.createSourceFile('module.js', code, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS)
    const found = []
    const visit = (node) => {
      if (ts.isRegularExpressionLiteral(node) && /\\p\{/i.test(node.text)) found.push(node)
      else ts.forEachChild(node, visit)
    }
    visit(source)
    // From the end, so that the places before stay right.
    const late = found.reduceRight((text, node) => {
      const [, pattern, flags] = /^\/(.*)\/(\w*)$/s.exec(node.text)
      const call = `new RegExp(${JSON.stringify(pattern)}, '${flags}')`
      return text.slice(0, node.getStart(source)) + call + text.slice(node.end)
    }, code)
    return { code: late, map: null }
  },
}
