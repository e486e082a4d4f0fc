// Reduces a tree of .d.ts files to what an entry file makes public: each file keeps the declarations that the entry reaches through
// exports and types. No declaration is renamed or moved, so names are those of the sources.
import { dirname, relative, sep } from 'node:path'
import ts from 'typescript'

/** The public part of the tree around `entry`: path relative to the entry's folder → text. Sorted by path. */
export function publicDeclarations(entry) {
  // Only symbols of the tree are needed, so neither the library of the language nor @types/node is read.
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, noLib: true, types: [] }
  const program = ts.createProgram([entry], options)
  const reached = new Reached(program.getTypeChecker())
  reached.module(program.getSourceFile(entry))
  const path = (file) => relative(dirname(entry), file.fileName).split(sep).join('/')
  const texts = [...reached.statements].map(([file, kept]) => [path(file), fileText(file, kept, reached.names)])
  return new Map(texts.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What has been reached so far: statements by file, and the single names of imports and exports. */
class Reached {
  statements = new Map()
  names = new Set()
  #checker
  #modules = new Set()
  #symbols = new Set()

  constructor(checker) {
    this.#checker = checker
  }

  /** Everything that a module exports. */
  module(file) {
    if (this.#modules.has(file)) return
    this.#modules.add(file)
    for (const statement of file.statements.filter(isStar)) {
      this.#keep(statement)
      this.module(this.#moduleOf(statement.moduleSpecifier))
    }
    const own = this.#checker.getSymbolAtLocation(file)
    own?.exports?.forEach((symbol) => this.#symbol(symbol))
  }

  #symbol(symbol) {
    if (this.#symbols.has(symbol)) return
    this.#symbols.add(symbol)
    for (const declaration of symbol.declarations ?? []) {
      if (ts.isSourceFile(declaration)) this.module(declaration)
      else if (ts.isExportDeclaration(declaration))
        continue // `export *`, which `module` follows
      else if (isName(declaration)) this.#name(symbol, declaration)
      else this.#statement(declaration)
    }
  }

  /** A name of an import or export, and its declaration. */
  #name(symbol, declaration) {
    this.names.add(declaration)
    this.#keep(statementOf(declaration))
    const local = ts.isExportSpecifier(declaration) && !declaration.parent.parent.moduleSpecifier
    const target = local
      ? this.#checker.getExportSpecifierLocalTargetSymbol(declaration)
      : this.#checker.getImmediateAliasedSymbol(symbol)
    if (target) this.#symbol(target)
    // A name that comes through `export *` of the other module needs that line there.
    const { moduleSpecifier } = statementOf(declaration)
    const other = moduleSpecifier && this.#moduleOf(moduleSpecifier)
    if (other && target && !target.declarations?.some((d) => d.getSourceFile() === other)) this.module(other)
  }

  #statement(declaration) {
    const statement = statementOf(declaration)
    if (this.#keep(statement)) this.#mentioned(statement)
  }

  /** The symbols that the types of a declaration mention. */
  #mentioned(node) {
    if (ts.isIdentifier(node)) {
      const symbol = this.#checker.getSymbolAtLocation(node)
      if (symbol) this.#symbol(symbol)
    }
    if (ts.isImportTypeNode(node) && !node.qualifier) this.module(this.#moduleOf(node.argument.literal))
    ts.forEachChild(node, (child) => this.#mentioned(child))
  }

  /** Whether this is new. */
  #keep(statement) {
    const file = statement.getSourceFile()
    const kept = this.statements.get(file) ?? new Set()
    this.statements.set(file, kept)
    const isNew = !kept.has(statement)
    kept.add(statement)
    return isNew
  }

  #moduleOf(specifier) {
    return this.#checker.getSymbolAtLocation(specifier)?.valueDeclaration
  }
}

const isStar = (statement) => ts.isExportDeclaration(statement) && !statement.exportClause
const isName = (node) =>
  ts.isImportSpecifier(node) ||
  ts.isNamespaceImport(node) ||
  ts.isImportClause(node) ||
  ts.isExportSpecifier(node) ||
  ts.isNamespaceExport(node)

/** The top-level statement of a file that contains a node. */
function statementOf(node) {
  while (!ts.isSourceFile(node.parent)) node = node.parent
  return node
}

function fileText(file, kept, names) {
  // Without this line, each declaration of the file would count as exported.
  const isMark = (statement) => isList(statement) && !statement.moduleSpecifier && !listed(statement).length
  return file.statements
    .filter((statement) => kept.has(statement) || isMark(statement))
    .map((statement) => statementText(file, statement, names))
    .join('\n')
}

/** The text of a statement with its comments; of a list of names, only those that are used. */
function statementText(file, statement, names) {
  const all = listed(statement)
  const used = all.filter((name) => names.has(name))
  const text = statement.getFullText(file).trim()
  if (used.length === all.length) return text
  const list = used.map((name) => name.getText(file)).join(', ')
  const brackets = text.lastIndexOf('{')
  return `${text.slice(0, brackets)}{ ${list} }${text.slice(text.lastIndexOf('}') + 1)}`
}

const isList = (statement) =>
  ts.isExportDeclaration(statement) && statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)

/** The names in the braces of `import { … }` and `export { … }`. */
function listed(statement) {
  if (isList(statement)) return statement.exportClause.elements
  const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : undefined
  return bindings && ts.isNamedImports(bindings) ? bindings.elements : []
}
