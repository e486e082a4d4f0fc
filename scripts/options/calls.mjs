// Output generated from the signatures of the public functions: the table of the run-time check of their arguments.
import { header, literal } from './outputs.mjs'

const HEADER = header((text) => `// ${text.replace('interfaces of options', 'types of public functions')}`)

/** `src/generated/signatures.ts`: a signature for each public function, constructor and method; rules that several share are written once. */
export function runtimeSignatures(signatures) {
  const times = new Map()
  const count = (rule) => times.set(literal(rule), (times.get(literal(rule)) ?? 0) + 1)
  const all = signatures.flatMap(({ parameters, rest }) => (rest ? [...parameters, rest] : parameters))
  for (const { rule } of all) count(rule)
  const names = new Map()
  for (const text of [...times.keys()].filter((each) => times.get(each) > 1).sort())
    names.set(text, `rule${names.size}`)
  const shared = [...names].map(([text, name]) => `const ${name}: Rule = ${text}`)
  const rule = (each) => names.get(literal(each)) ?? literal(each)
  return [
    HEADER,
    "import type { Signature } from '../runtime/check-arguments.js'\nimport type { Rule } from '../runtime/check-options.js'\nimport * as schemas from './options.js'",
    shared.join('\n'),
    ...signatures.map((signature) => signatureText(signature, rule)),
  ]
    .join('\n\n')
    .concat('\n')
}

function signatureText({ key, name, isConstructor, isPromise, parameters, rest }, rule) {
  const lines = [
    `  name: ${literal(name)},`,
    ...(isConstructor ? ['  isConstructor: true,'] : []),
    ...(isPromise ? ['  isPromise: true,'] : []),
    parameters.length === 0
      ? '  parameters: [],'
      : `  parameters: [\n${parameters.map((each) => `    ${parameterText(each, rule)},\n`).join('')}  ],`,
    ...(rest ? [`  rest: ${parameterText(rest, rule)},`] : []),
  ]
  // Made when it is first asked for: all of them would take a sixth of the time of the import.
  const known = `${key}$`
  return `let ${known}: Signature | undefined\nexport const ${key} = (): Signature => (${known} ??= {\n${lines.join('\n')}\n})`
}

function parameterText({ name, rule, optional, options }, ruleText) {
  const parts = [`name: ${literal(name)}`, `rule: ${ruleText(rule)}`]
  if (optional) parts.push('optional: true')
  if (options) parts.push(`options: ${optionsText(options)}`)
  if (options?.isOwn) parts.push('checksItself: true')
  return `{ ${parts.join(', ')} }`
}

function optionsText({ interface: name, fields }) {
  if (name) return `schemas.${name}`
  const rules = fields.map((field) => `${field.name}: ${literal(field.rule)}`)
  const required = fields.filter((field) => field.required).map((field) => literal(field.name))
  return `{ fields: { ${rules.join(', ')} }, required: [${required.join(', ')}] }`
}
