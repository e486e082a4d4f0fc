// Every interface of options: what is generated from it, and the check that uses it.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'
import { schemas } from '../../.cache/ts/runtime/tables.js'
import { checkOptions, nameClass } from '../../.cache/ts/runtime/check-options.js'
import type { OptionSchema, Rule } from '../../.cache/ts/runtime/check-options.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

interface Property {
  description: string
  default?: unknown
  'x-default'?: string
}

interface Definition {
  description: string
  required: string[]
  properties: Record<string, Property>
}

const { $defs: definitions } = JSON.parse(read('schemas/options.json')) as { $defs: Record<string, Definition> }
const all = Object.entries(schemas as Record<string, OptionSchema>)

// The modules of .cache/ts are others than those of dist/, and so would be their classes.
for (const name of ['Tensor', 'Module', 'Generator', 'NlgDataset', 'WordNet']) nameClass(name, WeakRef)

const weak = (value: unknown) => value as never

function refusal(run: () => unknown): {
  expected: string
  received: string
  hint: string
  code: string
  message: string
} {
  try {
    run()
  } catch (error) {
    return error as ReturnType<typeof refusal>
  }
  throw new Error('it was accepted')
}

test('options: every public interface has a schema, a definition in JSON Schema and a table', (t) => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const lists = ['src/index.ts', ...folders.map(({ name }) => `src/${name}/index.ts`)]
  const exported = new Set<string>()
  for (const path of lists) {
    let text = ''
    try {
      text = read(path)
    } catch {
      continue // a folder whose parts src/index.ts lists itself
    }
    for (const [, names] of text.matchAll(/export type \{([^}]*)\}/g)) {
      for (const name of names!.split(',')) if (name.trim().endsWith('Options')) exported.add(name.trim())
    }
  }
  exported.delete('TargetOptions') // a union: a record or a Map of InjectLayerOptions
  t.true(exported.size > 80, String(exported.size))
  const page = read('docs/options.md')
  for (const name of exported) {
    t.true(name in schemas, name)
    t.true(name in definitions, name)
    t.true(page.includes(`### ${name}\n`), name)
  }
  t.deepEqual(Object.keys(definitions).sort(), Object.keys(schemas).sort())
})

test('options: every option has a text, and its default is stated', (t) => {
  for (const [name, { required, properties }] of Object.entries(definitions)) {
    for (const [field, property] of Object.entries(properties)) {
      const where = `${name}.${field}`
      t.true(property.description.length > 3, where)
      if (required.includes(field)) continue
      t.true('default' in property || (property['x-default'] ?? '') !== '', where)
    }
  }
})

test('options: an unknown name is refused, with the nearest known one', (t) => {
  for (const [name, schema] of all) {
    const [first] = Object.keys(schema.fields)
    const wrong = `${first ?? 'option'}_`
    const error = refusal(() => checkOptions(name, { [wrong]: 1 }, schema))
    t.is(error.code, 'ERR_LORA_OPTION')
    t.regex(error.hint, first === undefined ? /remove option_/ : new RegExp(`write ${first} for ${wrong}`), name)
  }
  t.regex(refusal(() => checkOptions('x', { toString: 1 }, schemas.LinearOptions)).message, /unknown option toString/)
})

test('options: a value of a wrong type is refused by name, and undefined is none', (t) => {
  for (const [name, schema] of all) {
    for (const [field, rule] of Object.entries(schema.fields)) {
      if (rule.kind === 'any') continue
      const error = refusal(() => checkOptions(name, { [field]: Symbol('wrong') }, schema))
      t.is(error.code, 'ERR_LORA_OPTION')
      t.regex(error.expected, new RegExp(`${field}: `), `${name}.${field}`)
      t.regex(error.received, /Symbol\(wrong\)/, `${name}.${field}`)
    }
    if (schema.required.length === 0) {
      const nothing = Object.fromEntries(Object.keys(schema.fields).map((field) => [field, undefined]))
      t.notThrows(() => checkOptions(name, nothing, schema), name)
    }
  }
})

test('options: what is required is missed, all of it at once, also without an object', (t) => {
  const error = refusal(() => checkOptions('train.cutoff', undefined, schemas.CutoffOptions))
  for (const field of schemas.CutoffOptions.required) t.regex(error.expected, new RegExp(`${field}: `))
  for (const value of [null, 5, 'r']) {
    t.regex(refusal(() => checkOptions('x', weak(value), schemas.LinearOptions)).message, /options is not usable/)
  }
})

test('options: several problems come in one error', (t) => {
  const wrong = { lora_alpha: 2, r: 1.5, loraDropout: 2, dtype: 'f31', mergeWeights: false }
  const error = refusal(() => new lora.Linear(4, 4, weak(wrong)))
  t.true((error as unknown) instanceof lora.OptionError)
  t.regex(error.message, /^lora\.Linear: 4 things are wrong with the options: lora_alpha, r, loraDropout, dtype\n/)
  t.regex(error.expected, /r: an integer, 0 or more; loraDropout: a number from 0 to 1; dtype: 'f32' or /)
  t.regex(error.received, /r: 1\.5; loraDropout: 2; dtype: 'f31'/)
  t.regex(error.hint, /write loraAlpha for lora_alpha; .*write 'f32'/)
  t.notRegex(error.message, /mergeWeights: /)
})

test('options: ranges, lists and unions are looked at, and NaN and Infinity are no numbers', (t) => {
  const accepts = (rule: Rule, value: unknown) => {
    try {
      checkOptions('x', { a: value }, { fields: { a: rule }, required: [] })
      return true
    } catch {
      return false
    }
  }
  const share: Rule = { kind: 'number', minimum: 0, exclusiveMaximum: 1 }
  t.deepEqual([0, 0.5, 1, -1, NaN, '0', null].map((value) => accepts(share, value)), [true, true, false, false, false, false, false]) // prettier-ignore
  t.false(accepts({ kind: 'number' }, Infinity))
  t.true(accepts({ kind: 'number', infinity: true }, Infinity))
  t.false(accepts({ kind: 'number', infinity: true, exclusiveMinimum: 0 }, -Infinity))
  t.false(accepts({ kind: 'number', integer: true }, 1.5))
  const pair: Rule = { kind: 'list', items: share, minItems: 2, maxItems: 2 }
  t.deepEqual([[0, 0.5], [0], [0, 1], [0, 0, 0], 'ab'].map((value) => accepts(pair, value)), [true, false, false, false, false]) // prettier-ignore
  t.false(accepts({ kind: 'list', items: share }, new Array(2)))
  const either: Rule = {
    kind: 'union',
    of: [{ kind: 'boolean' }, { kind: 'choice', values: ['epoch'] }, { kind: 'null' }],
  }
  t.deepEqual(
    [true, 'epoch', null, 'end', 1].map((value) => accepts(either, value)),
    [true, true, true, false, false],
  )
  t.true(accepts({ kind: 'tuple', items: [{ kind: 'string' }, { kind: 'number' }] }, ['a', 1]))
  t.false(accepts({ kind: 'tuple', items: [{ kind: 'string' }, { kind: 'number' }] }, [1, 'a']))
  t.true(accepts({ kind: 'iterable' }, new Set()))
  t.false(accepts({ kind: 'iterable' }, 'text'))
  t.false(accepts({ kind: 'record', values: { kind: 'string' } }, { a: 1 }))
  t.false(accepts({ kind: 'class', name: 'AbortSignal' }, {}))
  t.false(accepts({ kind: 'string', minLength: 1 }, ''))
})

test('options: the defaults of optimizers and layers are those that their interfaces state', (t) => {
  const { nn, optim } = lora
  const made: [name: string, values: object][] = []
  for (const name of ['Adam', 'AdamW', 'NlgAdamW', 'SGD', 'Adafactor'] as const) {
    const given = { lr: undefined, eps: undefined, weightDecay: undefined }
    const Made = optim[name] as typeof optim.SGD
    made.push([`${name}Options`, new Made([nn.parameter(lora.zeros([2]))], name === 'SGD' ? {} : weak(given)).defaults])
  }
  made.push([
    'LoraLinearOptions',
    { ...new lora.Linear(2, 2, { r: 1, loraAlpha: undefined }), r: 0, loraDropout: 0, bias: true },
  ])
  made.push(['LayerNormOptions', { ...new nn.LayerNorm(2, { eps: undefined }), bias: true }])
  made.push(['RMSNormOptions', new nn.RMSNorm(2)])
  made.push(['GroupNormOptions', new nn.GroupNorm(1, 2)])
  made.push(['EmbeddingLayerOptions', new nn.Embedding(2, 2)])
  made.push(['GELUOptions', new nn.GELU()])
  made.push(['CosineSimilarityOptions', new nn.CosineSimilarity()])
  let compared = 0
  for (const [name, values] of made) {
    for (const [field, property] of Object.entries(definitions[name]!.properties)) {
      if (!('default' in property) || !(field in values)) continue
      t.deepEqual((values as Record<string, unknown>)[field], property.default, `${name}.${field}`)
      compared++
    }
  }
  t.true(compared > 35, String(compared))
})
