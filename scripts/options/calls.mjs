// Output generated from the signatures of the public functions: the table of the run-time check of their arguments.
import { header, json } from './outputs.mjs'

const HEADER = header((text) => `// ${text.replace('interfaces of options', 'types of public functions')}`)

/** The rules of all parameters. */
export const parameterRules = (signatures) =>
  signatures.flatMap(({ parameters, rest }) => [...parameters, ...(rest ? [rest] : [])].map(({ rule }) => rule))

/** `src/generated/signatures.ts`: a signature for each public function, constructor and method. */
export function runtimeSignatures(signatures, rules) {
  const lines = signatures.map((signature) => `${signature.key} ${json(table(signature, rules))}`)
  return [
    HEADER,
    '/** A line for each signature: its key, and what it is as JSON; of a parameter, `options` is the name of a schema of options.ts, or one of its own. */',
    `export const SIGNATURES = String.raw\`${lines.join('\n')}\`\n`,
  ].join('\n')
}

function table({ name, isConstructor, isPromise, parameters, rest }, rules) {
  const parameter = ({ name, rule: own, optional, options }) => ({
    name,
    rule: rules.written(own),
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
