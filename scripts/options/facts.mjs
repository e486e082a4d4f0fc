// The content of the interfaces of options, read with TypeScript's compiler: names, types, ranges, defaults and descriptions.
import ts from 'typescript'
import { inRoot } from '../lib/run.mjs'

/** Tags of a doc comment that limit the numbers, the list or the string of an option, by the name of the rule's field. */
const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems', 'minLength']

/** Types with rules of their own, by name; a value of any other class or interface must be an object. */
const CLASSES = new Set([
  'AbortSignal',
  'Generator',
  'KvCache',
  'LrScheduler',
  'Map',
  'Module',
  'NlgDataset',
  'RegExp',
  'Set',
  'Table',
  'Tensor',
  'Tokenizer',
  'URL',
  'Uint8Array',
  'WordNet',
])
const ITERABLES = new Set(['Iterable', 'AsyncIterable', 'IterableIterator', 'AsyncGenerator', 'Iterator'])

/**
 * Every interface of options that users can import, each that `src/` checks options against (`schemas.Name`), and those also wanted, by name:
 * `{ name, file, about, fields: [{ name, required, about, default, rule }] }`; and what is missing in the interfaces, such as a description or a default.
 */
export function readFacts(program, alsoWanted = []) {
  const checker = program.getTypeChecker()
  const sources = program.getSourceFiles().filter((file) => isOurs(file.fileName))
  const declared = declarations(sources)
  const wanted = wantedNames(sources)
  const problems = []
  for (const name of [...publicOptions(program, checker), ...alsoWanted]) wanted.add(name)
  const facts = [...wanted].sort().flatMap((name) => {
    const found = declared.get(name) ?? []
    if (found.length !== 1) {
      problems.push(`schemas.${name}: ${found.length} exported interfaces have this name, there must be one`)
      return []
    }
    return [factsOf(checker, found[0], problems)]
  })
  return { facts, problems }
}

/** The sources as TypeScript sees them. */
export function openProgram() {
  const config = ts.readConfigFile(inRoot('tsconfig.json'), ts.sys.readFile)
  const { fileNames, options } = ts.parseJsonConfigFileContent(config.config, ts.sys, inRoot('.'))
  return ts.createProgram(fileNames, options)
}

export const isOurs = (path) => path.startsWith(inRoot('src/')) && !/\/src\/(generated|native)\//.test(path)

/** Exported interfaces and aliases of types, by name. */
function declarations(sources) {
  const found = new Map()
  for (const source of sources) {
    for (const node of source.statements) {
      if (!ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node)) continue
      if (!node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue
      found.set(node.name.text, [...(found.get(node.name.text) ?? []), node])
    }
  }
  return found
}

/** The names N of all `schemas.N`. */
function wantedNames(sources) {
  const names = new Set()
  for (const { text } of sources) for (const [, name] of text.matchAll(/\bschemas\.(\w+)/g)) names.add(name)
  return names
}

/** Names …Options of interfaces that users can import, wherever in the tree of namespaces. */
function publicOptions(program, checker) {
  const names = new Set()
  const seen = new Set()
  const visit = (module) => {
    if (seen.has(module)) return
    seen.add(module)
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      if (symbol.flags & ts.SymbolFlags.ValueModule) visit(symbol)
      else if (isInterface(checker, symbol) && symbol.name.endsWith('Options')) names.add(symbol.name)
    }
  }
  visit(checker.getSymbolAtLocation(program.getSourceFile(inRoot('src/index.ts'))))
  return names
}

/** An interface, or an alias of one. */
function isInterface(checker, symbol) {
  if (!(symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))) return false
  return !checker.getDeclaredTypeOfSymbol(symbol).isUnion()
}

export function factsOf(checker, node, problems) {
  const symbol = checker.getSymbolAtLocation(node.name)
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  const file = node.getSourceFile().fileName.slice(inRoot('.').length + 1)
  const fields = inSourceOrder(checker.getPropertiesOfType(type)).map((property) => {
    const field = fieldOf(checker, property, node)
    const where = `${file}: ${node.name.text}.${field.name}`
    if (!field.about) problems.push(`${where} has no text`)
    if (!field.required && !field.default) problems.push(`${where} has no @default`)
    return field
  })
  return { name: node.name.text, file, about: textOf(symbol.getDocumentationComment(checker)), fields }
}

/**
 * Fields of each interface in the order of its source. The compiler lists what `Pick` and `Omit` leave in an order that changes with names elsewhere in
 * the program.
 */
export function inSourceOrder(properties) {
  const parentOf = ({ declarations }) => declarations?.[0]?.parent
  const positionOf = ({ declarations }) => declarations?.[0]?.pos ?? 0
  return [...new Set(properties.map(parentOf))].flatMap((parent) =>
    properties.filter((each) => parentOf(each) === parent).sort((a, b) => positionOf(a) - positionOf(b)),
  )
}

export function fieldOf(checker, property, node) {
  const tags = Object.fromEntries(property.getJsDocTags(checker).map(({ name, text }) => [name, textOf(text)]))
  const declaration = property.valueDeclaration ?? property.declarations?.[0]
  const order = declaration?.type ? literalOrder(checker, declaration.type) : []
  const required = !(property.flags & ts.SymbolFlags.Optional)
  const rule = bounded(ruleOf(checker, checker.getTypeOfSymbolAtLocation(property, node), order), tags)
  // Says what is expected where the words for the type would be too general.
  if (tags.expected) rule.text = tags.expected
  return {
    name: property.name,
    required,
    about: textOf(property.getDocumentationComment(checker)),
    default: tags.default ?? null,
    rule,
  }
}

/** A doc comment on one line; links become the names they link to. */
function textOf(parts) {
  return (ts.displayPartsToString(parts) ?? '')
    .replace(/\{@link\s+([^}]+?)\s*\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The literals of a type in the order of the source, which the compiler does not keep. */
export function literalOrder(checker, node, seen = new Set()) {
  const found = []
  const visit = (each) => {
    if (ts.isLiteralTypeNode(each) && ts.isStringLiteral(each.literal)) found.push(each.literal.text)
    if (ts.isIndexedAccessTypeNode(each)) {
      const list = checker.getTypeFromTypeNode(each.objectType)
      if (checker.isTupleType(list)) found.push(...checker.getTypeArguments(list).map(({ value }) => value))
    }
    if (ts.isTypeOperatorNode(each) && each.operator === ts.SyntaxKind.KeyOfKeyword) {
      found.push(...checker.getPropertiesOfType(checker.getTypeFromTypeNode(each.type)).map(({ name }) => name))
    }
    if (ts.isTypeReferenceNode(each)) {
      let symbol = checker.getSymbolAtLocation(each.typeName)
      if (symbol?.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol)
      const alias = symbol?.declarations?.find(ts.isTypeAliasDeclaration)
      if (alias && !seen.has(alias)) found.push(...literalOrder(checker, alias.type, seen.add(alias)))
    }
    ts.forEachChild(each, visit)
  }
  visit(node)
  return found
}

/** What a type takes. `depth` is how far lists and records are described; then they are not looked into, and some types of data hold themselves. */
export function ruleOf(checker, type, order, depth = Infinity) {
  const parts = (type.isUnion() ? type.types : [type]).filter(
    ({ flags }) => !(flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)),
  )
  const rules = []
  const add = (rule) => {
    if (!rules.some((other) => JSON.stringify(other) === JSON.stringify(rule))) rules.push(rule)
  }
  const literals = parts.filter((part) => part.isStringLiteral() || part.isNumberLiteral()).map(({ value }) => value)
  const booleans = parts.filter(({ flags }) => flags & ts.TypeFlags.BooleanLiteral)
  if (booleans.length === 2) add({ kind: 'boolean' })
  else for (const part of booleans) literals.push(checker.typeToString(part) === 'true')
  for (const part of parts) {
    if (part.isStringLiteral() || part.isNumberLiteral() || booleans.includes(part)) continue
    if (!(part.flags & ts.TypeFlags.Null)) add(partRule(checker, part, order, depth))
  }
  const rank = (value) => (order.includes(value) ? order.indexOf(value) : order.length)
  if (literals.length > 0) add({ kind: 'choice', values: literals.sort((a, b) => rank(a) - rank(b)) })
  if (parts.some(({ flags }) => flags & ts.TypeFlags.Null)) add({ kind: 'null' })
  if (rules.some(({ kind }) => kind === 'any')) return { kind: 'any' }
  return rules.length === 1 ? rules[0] : { kind: 'union', of: rules }
}

function partRule(checker, type, order, depth) {
  const inner = (each) => (depth === 0 ? { kind: 'any' } : ruleOf(checker, each, order, depth - 1))
  const mark = depth === Infinity ? {} : { shallow: true }
  const { flags } = type
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) return { kind: 'any' }
  if (flags & ts.TypeFlags.Number) return { kind: 'number' }
  if (flags & ts.TypeFlags.String) return { kind: 'string' }
  if (flags & ts.TypeFlags.BigInt) return { kind: 'bigint' }
  if (flags & ts.TypeFlags.TemplateLiteral) return { kind: 'string' }
  if (flags & ts.TypeFlags.Intersection) return partRule(checker, type.types[0], order, depth)
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return { kind: 'function' }
  if (checker.isTupleType(type)) {
    const items = checker.getTypeArguments(type).map(inner)
    const isUniform = items.every((item) => JSON.stringify(item) === JSON.stringify(items[0]))
    if (!isUniform && depth === Infinity) return { kind: 'tuple', items }
    const first = isUniform ? (items[0] ?? { kind: 'any' }) : { kind: 'any' }
    return { kind: 'list', items: first, minItems: type.target.minLength, maxItems: items.length, ...mark }
  }
  if (checker.isArrayType(type)) {
    return { kind: 'list', items: inner(checker.getTypeArguments(type)[0]), ...mark }
  }
  const name = plainName(type.getSymbol()?.name)
  if (ITERABLES.has(name) && isOfLibrary(type)) return { kind: 'iterable' }
  if (CLASSES.has(name)) return { kind: 'class', name }
  const values = checker.getIndexTypeOfType(type, ts.IndexKind.String)
  if (values) return { kind: 'record', values: inner(values), ...mark }
  return {
    kind: 'object',
    name: /^(__.*)?$/.test(name) ? 'object' : name,
    ...(depth === Infinity ? {} : { fields: [] }),
    ...fieldsOf(type),
  }
}

/** The fields that an interface must have, and its words. A class has more to it than fields, and one of many fields is checked by whoever reads it. */
function fieldsOf(type) {
  if (type.isClass() || type.getSymbol()?.flags & ts.SymbolFlags.Class) return {}
  const fields = type.getProperties().filter(({ flags }) => !(flags & ts.SymbolFlags.Optional)).map(({ name }) => name) // prettier-ignore
  const names = fields.filter((name) => /^[a-z]\w*$/i.test(name))
  if (names.length === 0) return {}
  if (names.length > 4) return { fields: names }
  const text = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return { fields: names, text: `an object with ${text}` }
}

const plainName = (name = '') => name.replace(/^Readonly(Map|Set)$/, '$1')
const isOfLibrary = (type) => !isOurs(type.getSymbol().declarations[0].getSourceFile().fileName)

/** A rule of what is not looked into: of a list only that it is one. */
function unseen(rule) {
  if (rule.kind === 'union') return { kind: 'union', of: rule.of.map(unseen) }
  return rule.kind === 'list' ? { kind: 'list', items: { kind: 'any' } } : rule
}

/** Applies the limits of the tags to numbers, at any depth of the rule, and to lists. */
function bounded(rule, tags) {
  const of = (names) =>
    Object.fromEntries(names.filter((name) => name in tags).map((name) => [name, Number(tags[name])]))
  if (rule.kind === 'number') {
    const marks = Object.fromEntries(['integer', 'infinity'].filter((name) => name in tags).map((name) => [name, true]))
    return { kind: 'number', ...marks, ...of(BOUNDS.slice(0, 4)) }
  }
  if (rule.kind === 'string') return { kind: 'string', ...of(['minLength']) }
  // Rows of numbers can be long, and whoever reads them looks at each.
  if (rule.kind === 'list' && 'shallow' in tags) return { kind: 'list', items: unseen(rule.items), shallow: true }
  if (rule.kind === 'list') return { ...rule, items: bounded(rule.items, tags), ...of(BOUNDS.slice(4, 6)) }
  if (rule.kind === 'record') return { ...rule, values: bounded(rule.values, tags) }
  if (rule.kind === 'union') return { ...rule, of: rule.of.map((part) => bounded(part, tags)) }
  return rule
}
