// Output generated from the signatures of the public functions: the table of the run-time check of their arguments.
import { isDeepStrictEqual } from 'node:util'
import { header } from './outputs.mjs'

const HEADER = header((text) => `// ${text.replace('interfaces of options', 'types of public functions')}`)

/**
 * `src/generated/signatures.ts`: a signature for each public function, constructor and method; rules that several share are written once. It is text with a
 * signature a line, each read when a check first asks for it: as code, V8 would parse all at each start, in a sixth of the time of the import.
 */
export function runtimeSignatures(signatures) {
  const times = new Map()
  const all = signatures.flatMap(({ parameters, rest }) => (rest ? [...parameters, rest] : parameters))
  for (const { rule } of all) times.set(json(rule), (times.get(json(rule)) ?? 0) + 1)
  const shared = [...times.keys()].filter((each) => times.get(each) > 1).sort()
  const numbers = new Map(shared.map((text, i) => [text, i]))
  const lines = signatures.map((signature) => `${signature.key} ${json(table(signature, numbers))}`)
  return [
    HEADER,
    '/** Rules of parameters, as JSON. */',
    `export const RULES = String.raw\`[\n${shared.join(',\n')}\n]\``,
    '/** A line for each signature: its key, and what it is as JSON; of a parameter, `rule` is one of the rules or its number, and `options` the name of a schema. */',
    `export const SIGNATURES = String.raw\`${lines.join('\n')}\`\n`,
  ].join('\n')
}

function table({ name, isConstructor, isPromise, parameters, rest }, numbers) {
  const rule = (each) => numbers.get(json(each)) ?? each
  const parameter = ({ name, rule: own, optional, options }) => ({
    name,
    rule: rule(own),
    ...(optional && { optional }),
    ...(options && { options: options.interface ?? schema(options) }),
    ...(options?.isOwn && { checksItself: true }),
  })
  return {
    name,
    ...(isConstructor && { isConstructor }),
    ...(isPromise && { isPromise }),
    parameters: parameters.map(parameter),
    ...(rest && { rest: parameter(rest) }),
  }
}

function schema({ fields }) {
  return {
    fields: Object.fromEntries(fields.map(({ name, rule }) => [name, rule])),
    required: fields.filter(({ required }) => required).map(({ name }) => name),
  }
}

/** JSON that may stand in a raw template. @throws {Error} for what JSON does not hold. */
function json(value) {
  const text = JSON.stringify(value)
  if (!isDeepStrictEqual(JSON.parse(text), value)) throw new Error(`not JSON: ${text}`)
  return text.replace(/[`$]/g, (unit) => `\\u00${unit.charCodeAt(0).toString(16)}`)
}
