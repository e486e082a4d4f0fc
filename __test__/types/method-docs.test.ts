import test from 'ava'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

test('Tensor: every public method and property has a description, each overload one of its own', (t) => {
  const path = fileURLToPath(new URL('../../index.d.ts', import.meta.url))
  // Only the declarations themselves are asked for: the library of the language need not be read.
  const program = ts.createProgram([path], { noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const all = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!)
  const found = all.find((symbol) => symbol.name === 'Tensor')!
  const tensor = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
  const members = checker.getDeclaredTypeOfSymbol(tensor).getProperties()
  const declarations = members
    .filter((member) => !member.name.includes('#'))
    .flatMap((member) => (member.declarations ?? []).map((declaration) => ({ name: member.name, declaration })))
    // A setter is described with its getter.
    .filter(({ declaration }) => !ts.isSetAccessorDeclaration(declaration))
  const bare = declarations.filter(({ declaration }) => {
    const comments = ts.getJSDocCommentsAndTags(declaration)
    return !comments.some((comment) => ts.isJSDoc(comment) && ts.getTextOfJSDocComment(comment.comment)?.trim())
  })
  t.true(declarations.length > 140, `${declarations.length} members`)
  t.deepEqual([...new Set(bare.map(({ name }) => name))], [])
})

test('every class and function that can be imported has a description, and so has every method of a class', (t) => {
  const path = fileURLToPath(new URL('../../index.d.ts', import.meta.url))
  const program = ts.createProgram([path], { noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const [bare, seen] = [[] as string[], new Set<ts.Symbol>()]
  let count = 0
  const describe = (name: string, symbol: ts.Symbol) => {
    count += 1
    if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '') bare.push(name)
  }
  const visit = (module: ts.Symbol, prefix: string) => {
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const name = `${prefix}${exported.name}`
      if (seen.has(symbol)) continue
      seen.add(symbol)
      if (symbol.flags & ts.SymbolFlags.ValueModule) visit(symbol, `${name}.`)
      if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Function)) describe(name, symbol)
      if (!(symbol.flags & ts.SymbolFlags.Class)) continue
      for (const member of symbol.members?.values() ?? []) {
        // What overrides a method of the base class is described there.
        if (!(member.flags & ts.SymbolFlags.Method) || member.name.startsWith('__')) continue
        const [type] = checker.getBaseTypes(checker.getDeclaredTypeOfSymbol(symbol) as ts.InterfaceType)
        if (type?.getProperty(member.name) === undefined) describe(`${name}.${member.name}`, member)
      }
    }
  }
  visit(checker.getSymbolAtLocation(program.getSourceFile(path)!)!, 'lora.')
  t.true(count > 600, String(count))
  t.deepEqual(bare, [])
})
