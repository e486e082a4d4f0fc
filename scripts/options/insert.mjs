// Writes the checks of arguments into the JavaScript of the package: at the head of each function that has a signature (src/generated/signatures.ts).
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { inRoot } from '../lib/run.mjs'

const CHECK = 'runtime/check-arguments.js'

/** The signatures, by key, with the number of their line. */
let signatures = new Map()

/** The keys of all signatures, by the name of their module: `nn_linear` → [`nn_linear$Linear$constructor`, …]. */
export function signatureKeys() {
  const shared = tableLines('rules').map((line) => JSON.parse(line))
  const withRule = (each) => ({ ...each, rule: shared[each.rule] ?? each.rule })
  signatures = new Map(
    tableLines('signatures').map((text, line) => {
      const key = keyOf(text)
      const each = JSON.parse(text.slice(key.length))
      return [key, { ...each, line, parameters: each.parameters.map(withRule) }]
    }),
  )
  const byModule = new Map()
  for (const key of signatures.keys()) {
    const [module] = key.split('$')
    byModule.set(module, [...(byModule.get(module) ?? []), key])
  }
  return byModule
}

/** The number of each signature's line in its table, by key. */
export function signatureLines() {
  return new Map(tableLines('signatures').map((text, line) => [keyOf(text), line]))
}

const keyOf = (line) => line.slice(0, line.indexOf(' '))

function tableLines(name) {
  const text = readFileSync(inRoot(`src/generated/${name}.ts`), 'utf8')
  return /String\.raw`([^`]*)`/.exec(text)[1].split('\n')
}

/**
 * A module with its checks. Each stands on the line of the opening brace, so lines keep their numbers.
 * @param path Its path below the folder of modules, such as `nn/linear.js`.
 * @throws {Error} when a function that has a signature is not there.
 */
export function withChecks(code, path, keys) {
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS)
  const inserts = keys.flatMap((key) => {
    const found = insertsFor(source, key)
    if (found.length === 0) throw new Error(`${path}: no function for the signature ${key}; run npm run gen`)
    return found
  })
  const up = '../'.repeat(path.split('/').length - 1) || './'
  const head = `import { checkArguments as $check, checked as $checked } from '${up}${CHECK}'; `
  // From the end, so that the places before stay right.
  const text = inserts
    .sort((a, b) => b.at - a.at)
    .reduce((all, { at, to = at, text }) => all.slice(0, at) + text + all.slice(to), code)
  return head + text
}

function insertsFor(source, key) {
  const [, owner, member, isStatic] = key.split('$')
  const node = source.statements.flatMap(declared).find(({ name }) => name?.text === owner)
  if (node === undefined) return []
  if (ts.isFunctionDeclaration(node)) return atHead(node.body, key)
  if (ts.isClassDeclaration(node)) return inClass(node, member, isStatic !== undefined, key)
  return inConstant(node, member, key)
}

/** The functions, classes and variables of a statement. */
function declared(statement) {
  return ts.isVariableStatement(statement) ? [...statement.declarationList.declarations] : [statement]
}

function inClass(node, member, isStatic, key) {
  if (member === 'constructor') {
    const own = node.members.find((each) => ts.isConstructorDeclaration(each) && each.body)
    if (own) return atHead(own.body, key)
    const base = node.heritageClauses?.length ? ' super(...given);' : ''
    // `members.pos` is behind the brace.
    return [
      { at: node.members.pos, text: ` constructor(...given) { $check(given, ${signatures.get(key).line});${base} }` },
    ]
  }
  const method = node.members.find(
    (each) => ts.isMethodDeclaration(each) && each.body && each.name.text === member && hasStatic(each) === isStatic,
  )
  return method ? atHead(method.body, key) : []
}

const hasStatic = (member) => (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0

/** A constant that is a function, or an object with methods. */
function inConstant({ initializer }, member, key) {
  if (!initializer) return []
  if (member === undefined) {
    const start = initializer.getStart()
    return [
      { at: start, text: '$checked(' },
      { at: initializer.end, text: `, ${signatures.get(key).line})` },
    ]
  }
  if (!ts.isObjectLiteralExpression(initializer)) return []
  const method = initializer.properties.find((each) => ts.isMethodDeclaration(each) && each.name.text === member)
  return method ? atHead(method.body, key) : []
}

/** The check at the head of a body. Parameters that are taken apart are taken apart behind it, so that null gives an error of ours. */
function atHead(body, key) {
  const taken = body.parent.parameters.filter(({ name }) => ts.isObjectBindingPattern(name)).map(({ name }) => name)
  const apart = taken.map((name, i) => ` let ${name.getText()} = $given${i};`).join('')
  const plain = isHot(key) ? hotCheck(body, key) : fullCheck(key)
  const isAsync = body.parent.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword)
  const isLate = signatures.get(key).isPromise && !isAsync
  const check = isLate ? `try { ${plain} } catch (error) { return Promise.reject(error); }` : plain
  return [
    ...taken.map((name, i) => ({ at: name.getStart(), to: name.end, text: `$given${i}` })),
    { at: body.getStart() + 1, text: ` ${check}${apart}` },
  ]
}

/** A signature by the number of its line: a key would have to be looked up, and all lines read for it. */
const fullCheck = (key) => `$check(arguments, ${signatures.get(key).line});`

/** Methods of tensors are called for every operation: a few comparisons decide whether there is anything to check. */
const isHot = (key) => /^(tensor_tensor\$Tensor|generated_tensor_methods\$TensorMethods)\$/.test(key)

function hotCheck(body, key) {
  const { parameters } = body.parent
  const { rest, parameters: wanted } = signatures.get(key)
  if (rest || parameters.some(({ name, dotDotDotToken }) => dotDotDotToken || !ts.isIdentifier(name))) {
    return fullCheck(key)
  }
  const odd = parameters.flatMap(({ name, initializer }, i) => {
    const test = plainTest(name.text, wanted[i])
    const mayLack = wanted[i].optional && !initializer ? `${name.text} !== undefined && ` : ''
    return test === '' ? [] : [`${mayLack}!(${test})`]
  })
  return `if (${[`arguments.length > ${parameters.length}`, ...odd].join(' || ')}) ${fullCheck(key)}`
}

/** An expression that is true for values that need no check: what the engine reads as an object is looked at there. */
function plainTest(name, { rule, options }) {
  if (options) return 'false'
  const parts = rule.kind === 'union' ? rule.of : [rule]
  if (parts.some(({ kind }) => kind === 'any')) return ''
  const tests = parts.map((part) => {
    if (part.kind === 'number')
      return part.nan ? `typeof ${name} === 'number'` : `(typeof ${name} === 'number' && ${name} === ${name})`
    if (['boolean', 'function', 'string', 'bigint'].includes(part.kind)) return `typeof ${name} === '${part.kind}'`
    if (part.kind === 'null') return `${name} === null`
    if (part.kind === 'choice') return part.values.map((value) => `${name} === ${JSON.stringify(value)}`).join(' || ')
    if (part.kind === 'class' && part.name === 'Tensor')
      return `(typeof ${name} === 'object' && ${name} !== null && ${name}.dtype !== undefined)`
    return part.kind === 'list' ? `Array.isArray(${name})` : `(typeof ${name} === 'object' && ${name} !== null)`
  })
  return tests.join(' || ')
}
