// What every public function, constructor and method takes, read with TypeScript's compiler: the number of its arguments, their kinds, their options.
import ts from 'typescript'
import { inRoot } from '../lib/run.mjs'
import { fieldOf, inSourceOrder, literalOrder, ruleOf } from './facts.mjs'

/**
 * Files whose functions are checked. The generated ones hold methods of Tensor. Those of native/ and the classes of errors are what a check is made of: it
 * cannot begin before them.
 */
const isSource = (path) => path.startsWith(inRoot('src/')) && !/\/src\/(native\/|errors\.ts|hub\/errors\.ts)/.test(path)

/**
 * Every signature by its key, a name made of file, class and function: `{ key, file, path, name, isConstructor, parameters, rest }`. `path` is where the function
 * is in its file: `['zeros']`, `['Linear', 'constructor']`, `['Linear', 'fromLayer', 'static']`. An interface of options is a parameter's `interface`.
 */
export function readSignatures(program) {
  const checker = program.getTypeChecker()
  const found = new Map()
  const classes = new Map()
  for (const [name, symbol] of publicValues(program, checker)) publicNames.set(symbol, name)
  const add = (signature) => {
    if (!found.has(signature.key)) found.set(signature.key, signature)
  }
  for (const [name, symbol] of publicValues(program, checker)) {
    const declaration = symbol.valueDeclaration
    if (!declaration || !isSource(declaration.getSourceFile().fileName)) continue
    if (ts.isClassDeclaration(declaration)) classes.set(declaration, name)
    else if (ts.isFunctionDeclaration(declaration)) add(signatureOf(checker, declaration, [symbol.name], name))
    else if (ts.isVariableDeclaration(declaration)) variable(checker, declaration, name).forEach(add)
  }
  for (const [declaration, name] of classes) {
    if (isOpen(declaration)) add(constructorOf(checker, declaration, name))
    methodsOf(checker, declaration, name).forEach(add)
    for (const base of basesOf(checker, declaration)) {
      if (!classes.has(base)) methodsOf(checker, base, ownerName(base)).forEach(add)
    }
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Values that users can import, with the shortest name for each: `zeros`, `nn.Linear`. */
function publicValues(program, checker) {
  const values = new Map()
  const seen = new Set()
  const waiting = [['', checker.getSymbolAtLocation(program.getSourceFile(inRoot('src/index.ts')))]]
  for (const [prefix, module] of waiting) {
    if (seen.has(module)) continue
    seen.add(module)
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const name = `${prefix}${exported.name}`
      if (symbol.flags & ts.SymbolFlags.ValueModule) waiting.push([`${name}.`, symbol])
      else if (symbol.flags & ts.SymbolFlags.Value && !values.has(symbol)) values.set(symbol, name)
    }
  }
  // Layers of the root have the names of plain ones, so they are called as users import them.
  return [...values].map(([symbol, name]) => [isLayer(symbol) && !name.includes('.') ? `lora.${name}` : name, symbol])
}

const isLayer = (symbol) => symbol.valueDeclaration?.getSourceFile().fileName.startsWith(inRoot('src/lora/'))
const ownerName = (declaration) => (declaration.name.text === 'TensorMethods' ? 'Tensor' : declaration.name.text)

/** The classes that a class extends, nearest first, as far as they are ours. */
function basesOf(checker, declaration) {
  const bases = []
  for (let at = declaration; at;) {
    const clause = at.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)
    const type = clause && checker.getTypeAtLocation(clause.types[0])
    at = type?.getSymbol()?.valueDeclaration
    if (!at || !ts.isClassDeclaration(at) || !isSource(at.getSourceFile().fileName)) return bases
    bases.push(at)
  }
  return bases
}

/**
 * Whether users construct it: its constructor is neither private nor for the package alone. That of an abstract class gets what its subclasses have checked; only
 * `nn.Module`, which takes nothing, is one that users extend.
 */
function isOpen(declaration) {
  const own = declaration.members.find(ts.isConstructorDeclaration)
  if (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Abstract) return own?.parameters.length === 0
  return !own || !(isInternal(own) || ts.getCombinedModifierFlags(own) & ts.ModifierFlags.Private)
}

function constructorOf(checker, declaration, name) {
  const type = checker.getTypeOfSymbolAtLocation(checker.getSymbolAtLocation(declaration.name), declaration)
  const calls = checker.getSignaturesOfType(type, ts.SignatureKind.Construct)
  return { ...make(checker, declaration, [declaration.name.text, 'constructor'], name, calls), isConstructor: true }
}

function methodsOf(checker, declaration, name) {
  return declaration.members.flatMap((member) => {
    if (!ts.isMethodDeclaration(member) || !member.body || !ts.isIdentifier(member.name)) return []
    const flags = ts.getCombinedModifierFlags(member)
    if (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected) || isInternal(member)) return []
    const isStatic = (flags & ts.ModifierFlags.Static) !== 0
    const path = [declaration.name.text, member.name.text, ...(isStatic ? ['static'] : [])]
    const calls = checker.getTypeAtLocation(member).getCallSignatures()
    const inherited = inheritedCalls(checker, declaration, member.name.text)
    return [make(checker, member, path, `${name}.${member.name.text}`, [...calls, ...inherited])]
  })
}

/** The signatures of a method in the classes and interfaces above: who knows only these passes what they take. */
function inheritedCalls(checker, declaration, name) {
  return typesAbove(checker, declaration)
    .flatMap((type) => {
      const property = type.getProperty(name)
      return property ? checker.getTypeOfSymbolAtLocation(property, declaration).getCallSignatures() : []
    })
    .filter((call) => !call.getParameters().some((parameter) => isAnything(checker, parameter)))
}

/** The classes and interfaces that a declaration extends or implements, and those above them. */
function typesAbove(checker, declaration) {
  return (declaration.heritageClauses ?? []).flatMap((clause) =>
    clause.types.flatMap((node) => {
      const type = checker.getTypeAtLocation(node)
      const above = (type.getSymbol()?.declarations ?? []).filter(ts.isClassLike)
      return [type, ...above.flatMap((each) => typesAbove(checker, each))]
    }),
  )
}

/** `...args: any[]`, as `forward` of `nn.Module` has it. */
function isAnything(checker, { valueDeclaration: at }) {
  return at?.dotDotDotToken !== undefined && checker.typeToString(checker.getTypeAtLocation(at)) === 'any[]'
}

const isInternal = (node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')

/** A constant that is a function, or an object with methods. */
function variable(checker, declaration, name) {
  const type = checker.getTypeAtLocation(declaration.name)
  const calls = checker.getSignaturesOfType(type, ts.SignatureKind.Call)
  if (calls.length > 0) return [make(checker, declaration, [declaration.name.text], name, calls)]
  const { initializer } = declaration
  if (!initializer || !ts.isObjectLiteralExpression(initializer)) return []
  return initializer.properties
    .filter(ts.isMethodDeclaration)
    .map((method) =>
      signatureOf(checker, method, [declaration.name.text, method.name.text], `${name}.${method.name.text}`),
    )
}

function signatureOf(checker, declaration, path, name) {
  const symbol = checker.getSymbolAtLocation(declaration.name)
  const calls = checker.getSignaturesOfType(
    checker.getTypeOfSymbolAtLocation(symbol, declaration),
    ts.SignatureKind.Call,
  )
  return make(checker, declaration, path, name, calls)
}

function make(checker, declaration, path, name, calls) {
  const file = declaration.getSourceFile().fileName.slice(inRoot('src/').length)
  const key = `${file.replace(/\.ts$/, '').replace(/\W/g, '_')}$${path.join('$')}`
  const lists = calls.map((call) => call.getParameters().map((each) => parameterOf(checker, each, call, declaration)))
  const fixed = lists.map((list) => list.filter(({ isRest }) => !isRest))
  const rests = lists.flatMap((list) => list.filter(({ isRest }) => isRest))
  const longest = fixed.reduce((a, b) => (b.length > a.length ? b : a), [])
  const others = calls.length > 1 ? rests : []
  // Options that stand at different places in the overloads: the function sorts its arguments itself.
  const isSorted = longest.some((_, i) => {
    const here = fixed.map((list) => list[i]).filter((each) => each !== undefined)
    return (
      here.some(({ options }) => options) &&
      here.some(({ options, rule }) => !options && !['object', 'any'].includes(rule.kind))
    )
  })
  if (isSorted)
    for (const list of fixed)
      for (const each of list) Object.assign(each, { rule: { kind: 'any' }, optional: true, options: undefined })
  const parameters = longest.map((_, i) =>
    merged(
      fixed.map((list) => list[i]),
      others,
    ),
  )
  const isPromise = calls.every((call) => call.getReturnType().getSymbol()?.name === 'Promise')
  return {
    key,
    file,
    path,
    name,
    parameters,
    ...(isPromise ? { isPromise } : {}),
    ...(rests.length > 0 ? { rest: merged(rests, []) } : {}),
  }
}

/** The parameter at one place of several overloads. */
function merged(given, rests) {
  const each = given.filter((parameter) => parameter !== undefined)
  const rule = union([...each, ...rests].map((parameter) => parameter.rule))
  const interfaces = new Set(each.map(({ options }) => options && JSON.stringify(options)))
  const [options] = interfaces.size === 1 && rests.length === 0 ? [each[0].options] : []
  return {
    name: each[0].name,
    rule,
    ...(each.length < given.length || each.some(({ optional }) => optional) ? { optional: true } : {}),
    ...(options ? { options } : {}),
  }
}

function parameterOf(checker, symbol, call, at) {
  const declaration = symbol.valueDeclaration
  const isRest = declaration?.dotDotDotToken !== undefined
  const type = limitOf(checker, checker.getTypeOfSymbolAtLocation(symbol, declaration ?? at))
  const order = declaration?.type ? literalOrder(checker, declaration.type) : []
  const types = isRest ? itemTypes(checker, type) : [type]
  const isOwn =
    CHECKED_BY_FUNCTIONS.has(declaration?.type?.getText()) ||
    call.getJsDocTags().some(({ name, text }) => name === 'checksItself' && words(text).includes(symbol.name))
  const isStated = call.getJsDocTags().some(({ name, text }) => name === 'nan' && words(text).includes(symbol.name))
  const isNan = isStated || (VALUES.includes(symbol.name) && isTensorMethod(declaration ?? at))
  const rule = isOwn
    ? { kind: 'any' }
    : ownErrors(named(checker, withNan(union(types.map((each) => ruleOf(checker, each, order, 1))), isNan), types))
  const optional = isRest || isOptional(checker, declaration, type)
  const options = isRest ? undefined : optionsOf(checker, type, declaration ?? at)
  if (options && checksItself(at, options)) options.isOwn = true
  // A parameter that is taken apart has no name of its own.
  const name = symbol.name.startsWith('__') ? 'options' : symbol.name
  return { name, rule, isRest, ...(optional ? { optional } : {}), ...(options ? { options } : {}) }
}

/** Types of token ids: who reads them says how to make ids of a text, or a row of one list. */
const CHECKED_BY_FUNCTIONS = new Set(['Ids', 'Prompt'])

/** Whether the function checks its options itself: those that make tensors have errors of their own for devices and dtypes. */
function checksItself(at, { interface: name = '' }) {
  const body = ts.isClassDeclaration(at) ? at.members.find(ts.isConstructorDeclaration) : at
  return /^(Make|Tensor|Random)Options$/.test(name) || /\bcheck(Options|Make)\(/.test(body?.getText() ?? '')
}

/** What a type parameter must extend, in its place. */
function limitOf(checker, type) {
  return type.flags & ts.TypeFlags.TypeParameter ? (checker.getBaseConstraintOfType(type) ?? type) : type
}

/** Numbers of the methods of tensors that are values, of which any will do: generated comments have no tags. */
const VALUES = ['value', 'min', 'max', 'p']

const isTensorMethod = (at) => /\/(tensor\/tensor|generated\/tensor-methods)\.ts$/.test(at.getSourceFile().fileName)

const words = (text) => (ts.displayPartsToString(text) ?? '').split(/[\s,]+/)

function isOptional(checker, declaration, type) {
  if (declaration?.questionToken || declaration?.initializer) return true
  const parts = type.isUnion() ? type.types : [type]
  return parts.some(({ flags }) => flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Any | ts.TypeFlags.Unknown)) // prettier-ignore
}

/** What a rest parameter holds: the items of its lists. */
function itemTypes(checker, type) {
  const parts = type.isUnion() ? type.types : [type]
  return parts.flatMap((part) => (checker.isArrayType(part) || checker.isTupleType(part) ? checker.getTypeArguments(part) : [checker.getAnyType()])) // prettier-ignore
}

/**
 * The options of a parameter: the name of their interface, or the fields of an object type that the function takes apart or whose fields are all optional.
 * Undefined for any other parameter, and for one that takes something else as well.
 */
function optionsOf(checker, type, at) {
  const parts = (type.isUnion() ? type.types : [type]).filter(({ flags }) => !(flags & ts.TypeFlags.Undefined))
  if (parts.length !== 1) return undefined
  const [part] = parts
  const name = part.aliasSymbol?.name ?? part.getSymbol()?.name ?? ''
  // What an intersection may hold depends on its parts, so the function checks it.
  if (!(part.flags & ts.TypeFlags.Object)) return undefined
  if (/.Options$/.test(name)) return { interface: name }
  if (checker.getIndexInfosOfType(part).length > 0 || part.getCallSignatures().length > 0) return undefined
  if (!(part.getSymbol()?.flags & ts.SymbolFlags.TypeLiteral)) return undefined
  const properties = checker.getPropertiesOfType(part)
  const isTakenApart = at.name && ts.isObjectBindingPattern(at.name)
  const isOptional = properties.every(({ flags }) => flags & ts.SymbolFlags.Optional)
  if (properties.length === 0 || !(isTakenApart || isOptional)) return undefined
  return { fields: inSourceOrder(properties).map((property) => fieldOf(checker, property, at)) }
}

/** Ranges are the function's business, and for some Infinity is a value: only NaN is refused for all. */
function withInfinity(rule) {
  if (rule.kind === 'number') return { kind: 'number', infinity: true }
  return rule.kind === 'union' ? { kind: 'union', of: rule.of.map(withInfinity) } : rule
}

/** Classes by the names under which users import them: `nn.Embedding` is not `lora.Embedding`. */
const publicNames = new Map()

function named(checker, rule, types) {
  const parts = types.flatMap((type) => (type.isUnion() ? type.types : [type]))
  const rename = (each) => {
    if (each.kind !== 'object') return each
    const type = parts.find((part) => part.getSymbol()?.name === each.name && publicNames.has(part.getSymbol()))
    if (!type) return each
    const declaration = type.getSymbol().valueDeclaration
    const name = publicNames.get(type.getSymbol())
    // Modules are checked as such: what kind of layer fits is the function's business.
    const isModule =
      declaration &&
      ts.isClassDeclaration(declaration) &&
      basesOf(checker, declaration).some((base) => base.name.text === 'Module')
    return isModule ? { kind: 'class', name: 'Module', text: `a module, ${name}` } : { ...each, name }
  }
  return rule.kind === 'union' ? { ...rule, of: rule.of.map(rename) } : rename(rule)
}

/** An unknown dtype, or a device in its place, has an error of its own. */
function ownErrors(rule) {
  const isDtype = ({ kind, values }) => kind === 'choice' && values.includes('bf16')
  return (rule.kind === 'union' ? rule.of : [rule]).some(isDtype) ? { kind: 'any' } : rule
}

/** A number that is a value of a tensor may be NaN: where the comment says so (`@nan value`), and where a tensor could stand as well. */
function withNan(rule, isStated) {
  const isScalar = rule.kind === 'union' && rule.of.some(({ kind, name }) => kind === 'class' && name === 'Tensor')
  if (!isStated && !isScalar) return withInfinity(rule)
  if (rule.kind === 'number') return { kind: 'number', nan: true }
  if (rule.kind === 'list' && isStated) return { ...rule, items: withNan(rule.items, true) }
  return rule.kind === 'union'
    ? { kind: 'union', of: rule.of.map((part) => (isStated || part.kind === 'number' ? withNan(part, true) : part)) }
    : rule
}

/** One rule for several: what fits one of them fits. */
function union(rules) {
  const parts = rules.flatMap((rule) => (rule.kind === 'union' ? rule.of : [rule]))
  const different = [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()]
  if (different.some(({ kind }) => kind === 'any')) return { kind: 'any' }
  return different.length === 1 ? different[0] : { kind: 'union', of: different }
}
