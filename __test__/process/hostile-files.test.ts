// Files from strangers: what a small one asks for must not fill the memory or run for ever. The inputs of the fuzzer are in crates/fuzz/corpus, those that it
// found among them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { folderWith } from '../support/files.js'

interface Reader {
  open(folder: string): unknown
}

const SCRIPTS = new URL('../../scripts/proofs/fuzz/readers.mjs', import.meta.url)
const CORPUS = 'crates/fuzz/corpus'

test.serial(
  'every kept input of a reader in TypeScript is read, or refused with an error of the library',
  async (t) => {
    const { SCRIPTED } = (await import(SCRIPTS.href)) as { SCRIPTED: Record<string, Reader> }
    for (const [name, reader] of Object.entries(SCRIPTED)) {
      const read = (await reader.open(await folderWith(t, {}))) as (input: Buffer) => Promise<unknown>
      const inputs = readdirSync(join(CORPUS, name))
      t.true(inputs.length > 0, name)
      for (const input of inputs) {
        const error = await Promise.resolve(read(readFileSync(join(CORPUS, name, input)))).catch(
          (thrown: unknown) => thrown,
        )
        if (!(error instanceof Error)) continue
        t.true(error instanceof lora.LoraError, `${name}/${input}: ${error.stack}`)
        t.not((error as lora.LoraError).code, 'ERR_LORA_INTERNAL', `${name}/${input}`)
      }
    }
  },
)

async function render(chatTemplate: string): Promise<string> {
  const tokenizer = await lora.tokenizers.Tokenizer.train(['some text'], { vocabSize: 260 })
  return tokenizer.applyChatTemplate([{ role: 'user', content: 'Hi' }], { chatTemplate, tokenize: false })
}

for (const [what, template] of [
  ['loops in loops', '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}'],
  [
    'a text that doubles',
    `{% set n = namespace(x='abc') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}`,
  ],
  [
    'a list that doubles',
    `{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}`,
  ],
  [
    'lists of one list',
    `{% set n = namespace(x=[1]) %}{% for i in range(20) %}{% set n.x = [n.x] * 10 %}{% endfor %}{{ n.x }}`,
  ],
  [
    'a comparison of such',
    `{% set n = namespace(x=[1], y=[1]) %}{% for i in range(20) %}{% set n.x = [n.x] * 10 %}{% set n.y = [n.y] * 10 %}{% endfor %}{{ n.x == n.y }}`,
  ],
  [
    'such a list as JSON',
    `{% set n = namespace(x=[1]) %}{% for i in range(20) %}{% set n.x = [n.x] * 10 %}{% endfor %}{{ n.x | tojson }}`,
  ],
  ['a wide text', `{{ 'x'.center(999999999) }}`],
  ['a wide number', `{{ '%999999999d' % 1 }}`],
  ['a large power', `{{ 9 ** 999999999 }}`],
  [
    'a product of products',
    `{% set n = namespace(x=3) %}{% for i in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}`,
  ],
  ['many digits', `{{ 1.5 | round(999999999) }}`],
  ['a macro that calls itself', `{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}`],
] as const)
  test(`a chat template that asks for ${what} ends with an error`, async (t) => {
    const before = process.resourceUsage().maxRSS
    const start = performance.now()
    const error = await t.throwsAsync(render(template), { instanceOf: lora.LoraError })
    t.is(error!.code, 'ERR_LORA_OPTION')
    t.true(performance.now() - start < 30_000)
    t.true(process.resourceUsage().maxRSS - before < 256 * 1024, `${process.resourceUsage().maxRSS - before} kB`)
  })

test('a table whose rows lack nearly all of its cells is refused, not filled up', async (t) => {
  const names = Array.from({ length: 20_000 }, (_, i) => `c${i}`)
  const folder = await folderWith(t, {
    'wide.csv': `${names.join(',')}\n${'1\n'.repeat(20_000)}`,
    'wide.jsonl': names.map((name) => `{"${name}":1}\n`).join(''),
    'fine.jsonl': names.slice(0, 500).map((name) => `{"${name}":1}\n`).join(''), // prettier-ignore
  })
  for (const file of ['wide.csv', 'wide.jsonl'])
    await t.throwsAsync(lora.data.readTable(join(folder, file)), { code: 'ERR_LORA_FORMAT', message: /far more cells/ })
  t.is((await lora.data.readTable(join(folder, 'fine.jsonl'))).columns.length, 500)
})

const SHAPE = { vocab_size: 96, n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2, bos_token_id: 0, eos_token_id: 0 }

test('a configuration of sizes that the weights cannot have is refused before a model is built', async (t) => {
  const folder = await folderWith(t, {})
  await lora.models.GPT2LMHeadModel.fromConfig(SHAPE).savePretrained(folder)
  const path = join(folder, 'config.json')
  const config = JSON.parse(readFileSync(path, 'utf8')) as object
  for (const [field, value] of [
    ['n_layer', 1e9],
    ['n_embd', 2 ** 40],
    ['vocab_size', 1e12],
    ['n_inner', 2 ** 52],
  ] as const) {
    writeFileSync(path, JSON.stringify({ ...config, [field]: value }))
    const error = { code: 'ERR_LORA_FORMAT', message: new RegExp(`${field}: at most`) } as const
    await t.throwsAsync(lora.models.GPT2LMHeadModel.fromPretrained(folder), error)
  }
  // Within these bounds, and still far more than the file has: the placeholders of what is missing are few.
  writeFileSync(path, JSON.stringify({ ...config, n_embd: 1600, n_inner: 1600, n_head: 2 }))
  await t.throwsAsync(lora.models.GPT2LMHeadModel.fromPretrained(folder), { code: 'ERR_LORA_KEY' })
})

test('the configuration of an adapter: ranks, regular expressions and types', async (t) => {
  const folder = await folderWith(t, {})
  const fresh = () => lora.models.GPT2LMHeadModel.fromConfig(SHAPE)
  await lora.peft.getPeftModel(fresh(), { r: 2, targetModules: ['c_attn'] }).savePretrained(folder)
  const path = join(folder, 'adapter_config.json')
  const config = JSON.parse(readFileSync(path, 'utf8')) as object
  for (const [changed, code, message] of [
    [{ r: 1e9 }, 'ERR_LORA_FORMAT', /ranks from 1 to/],
    [{ rank_pattern: { c_attn: 1e9 } }, 'ERR_LORA_FORMAT', /ranks from 1 to/],
    [{ r: 'two' }, 'ERR_LORA_FORMAT', /r/],
    [{ target_modules: -1e308 }, 'ERR_LORA_FORMAT', /targetModules/],
    [{ target_modules: [] }, 'ERR_LORA_OPTION', /targetModules/],
    [{ target_modules: '(([a-z0-9_.]+)+)+X' }, 'ERR_LORA_OPTION', /takes too long/],
    [{ layers_to_transform: [0], layers_pattern: '(' }, 'ERR_LORA_OPTION', /layersPattern/],
    [{ rank_pattern: { '(([a-z0-9_.]+)+)+X': 2 } }, 'ERR_LORA_OPTION', /takes too long/],
  ] as const) {
    writeFileSync(path, JSON.stringify({ ...config, ...changed }))
    await t.throwsAsync(lora.peft.PeftModel.fromPretrained(fresh(), folder), { code, message }, JSON.stringify(changed))
  }
  writeFileSync(path, JSON.stringify({ ...config, rank_pattern: null, target_modules: '(.*\\.)*c_attn' }))
  t.truthy(await lora.peft.PeftModel.fromPretrained(fresh(), folder))
})
