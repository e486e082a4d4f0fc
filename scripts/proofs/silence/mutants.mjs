// What is wrong with a call: for each parameter and each option values that its type excludes, and arguments that nobody takes.
import ts from 'typescript'

/** One value of each kind that JavaScript has. */
const VALUES = {
  number: 7.25,
  string: 'no such value',
  boolean: true,
  array: [{ noSuchItem: 1 }],
  object: { noSuchField: 1 },
  function: () => 0,
}

/** Which kinds of values a type takes, and what its numbers may be. */
export function kindsOf(checker, type, found = new Set()) {
  const { flags } = type
  if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return found.add('any')
  if (flags & ts.TypeFlags.TypeParameter) {
    const limit = checker.getBaseConstraintOfType(type)
    return limit ? kindsOf(checker, limit, found) : found.add('any')
  }
  if (type.isUnion()) {
    for (const part of type.types) kindsOf(checker, part, found)
    return found
  }
  if (flags & ts.TypeFlags.NumberLike) return found.add(type.isNumberLiteral() ? 'literal' : 'number')
  if (flags & ts.TypeFlags.StringLike) return found.add(type.isStringLiteral() ? 'literal' : 'string')
  if (flags & ts.TypeFlags.BooleanLike) return found.add('boolean')
  if (flags & ts.TypeFlags.BigIntLike) return found.add('bigint')
  if (flags & ts.TypeFlags.Null) return found.add('null')
  if (flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) return found.add('undefined')
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return found.add('function')
  if (checker.isArrayType(type) || checker.isTupleType(type)) return found.add('array')
  const name = type.getSymbol()?.name ?? ''
  if (/^(Iterable|AsyncIterable|ArrayLike|Iterator|Promise)/.test(name)) return found.add('array').add('iterable')
  if (!type.getSymbol()?.valueDeclaration && checker.getIndexInfosOfType(type).length > 0) return found.add('record')
  const isClass = type.isClass() || type.getSymbol()?.flags & ts.SymbolFlags.Class
  const required = type.getProperties().filter(({ flags }) => !(flags & ts.SymbolFlags.Optional))
  return found.add(isClass || required.length > 0 ? 'thing' : 'object')
}

/** Bad values for a place of a type: `[label, value]`. `tags` are those of the comment of an option. */
export function badValues(checker, type, tags = {}) {
  const kinds = kindsOf(checker, type)
  if (kinds.has('any')) return []
  const takes = {
    number: kinds.has('number'),
    string: kinds.has('string') || kinds.has('iterable'),
    boolean: kinds.has('boolean'),
    array: kinds.has('array') || kinds.has('record') || kinds.has('object'),
    object: kinds.has('object') || kinds.has('record'),
    function: kinds.has('function'),
  }
  const bad = Object.keys(VALUES)
    .filter((kind) => !takes[kind])
    .map((kind) => [kind === 'number' ? 'a number' : `${/^[aeo]/.test(kind) ? 'an' : 'a'} ${kind}`, VALUES[kind]])
  if (!kinds.has('null')) bad.push(['null', null])
  if (kinds.has('number')) bad.push(...badNumbers(isScalar(type) ? { nan: '' } : tags))
  if (kinds.has('string') && 'minLength' in tags) bad.push(['an empty text', ''])
  return [...bad, ...badLists(checker, type)]
}

/** Lists that hold what they must not, where lists are taken. */
function badLists(checker, type) {
  const parts = type.isUnion() ? type.types : [type]
  const lists = parts.filter((part) => checker.isArrayType(part))
  if (lists.length === 0) return []
  const kinds = new Set(lists.flatMap((list) => [...kindsOf(checker, checker.getTypeArguments(list)[0])]))
  if (kinds.has('any')) return []
  const bad = []
  if (!kinds.has('function')) bad.push(['a list of functions', [() => 0, () => 0]])
  if (!kinds.has('null')) bad.push(['a list of null', [null, null]])
  if (kinds.has('number') && !kinds.has('string'))
    bad.push(['a list of texts', ['a', 'b']], ['a list of NaN', [NaN, NaN]])
  return bad
}

/** A number where a tensor could stand as well is a value of a tensor, so that any will do. */
function isScalar(type) {
  return type.isUnion() && type.types.some((part) => part.getSymbol()?.name === 'Tensor')
}

/** NaN, and numbers beyond the range that the comment states. */
function badNumbers(tags) {
  const bad = 'nan' in tags ? [] : [['NaN', NaN]]
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = tags
  if (minimum !== undefined) bad.push(['a number below the least', Number(minimum) - 1])
  if (maximum !== undefined) bad.push(['a number above the greatest', Number(maximum) + 1])
  if (exclusiveMinimum !== undefined) bad.push(['the excluded least', Number(exclusiveMinimum)])
  if (exclusiveMaximum !== undefined) bad.push(['the excluded greatest', Number(exclusiveMaximum)])
  if ('integer' in tags) bad.push(['a fraction', Number(minimum ?? 0) + 0.5])
  if (!('infinity' in tags) && !('nan' in tags) && Object.keys(tags).length > 0) bad.push(['Infinity', Infinity])
  return bad
}

/** The tags of the comment of a symbol or signature: `{ minimum: '1', integer: '' }`. */
export function tagsOf(checker, symbol) {
  return Object.fromEntries(
    symbol.getJsDocTags(checker).map(({ name, text }) => [name, ts.displayPartsToString(text).trim()]),
  )
}

/** The object type of options in the type of a parameter, or undefined. */
export function optionsType(type) {
  const parts = (type.isUnion() ? type.types : [type]).filter(
    ({ flags }) => !(flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)),
  )
  const found = parts.find((part) => (part.aliasSymbol?.name ?? part.getSymbol()?.name ?? '').endsWith('Options'))
  if (found) return found
  const [only] = parts
  if (parts.length !== 1 || !(only.flags & ts.TypeFlags.Object)) return undefined
  const isLiteral = only.getSymbol()?.flags & ts.SymbolFlags.TypeLiteral
  const properties = only.getProperties()
  const isOptional = properties.every(({ flags }) => flags & ts.SymbolFlags.Optional)
  return isLiteral && properties.length > 0 && isOptional && only.getCallSignatures().length === 0 ? only : undefined
}

/** A name as Python writes it: loraAlpha → lora_alpha. */
export const inPython = (name) => name.replace(/[A-Z]+/g, (part) => `_${part.toLowerCase()}`)

/** Wrong options: `[label, key, value]`, each to be added to the options of a call that is right. */
export function badOptions(checker, type, at) {
  const fields = type.getProperties()
  const names = new Set(fields.map(({ name }) => name))
  const bad = [['an unknown key', 'noSuchOption', 1]]
  for (const field of fields) {
    const python = inPython(field.name)
    if (!names.has(python)) bad.push([`Python's ${python}`, python, 1])
    const fieldType = checker.getTypeOfSymbolAtLocation(field, at)
    for (const [label, value] of badValues(checker, fieldType, tagsOf(checker, field))) {
      bad.push([`${field.name}: ${label}`, field.name, value])
    }
  }
  return bad
}
