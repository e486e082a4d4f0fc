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
