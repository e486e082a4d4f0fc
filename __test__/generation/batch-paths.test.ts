// Rows of a batch against each row alone, token for token, on every kernel path: with a real model that has real text before it, and with a decoder
// that has grouped heads and a window.
import test from 'ava'
import { runProgram } from '../support/process.js'

const PROMPTS = [
  'The Eagle is',
  'A family friendly restaurant',
  'In the city centre near the river there is a cheap coffee shop that',
  'Price',
  'You can find',
  'The Punter serves Italian food; its customers rate it three out of five, and',
  'name : Blue Spice | eatType : coffee shop | area : city centre ||',
  'Near Crowne Plaza Hotel',
]

const COMPARE = `
import * as lora from 'loralib'
const texts = ${JSON.stringify(PROMPTS)}
const base = await lora.models.GPT2LMHeadModel.fromPretrained('models/base')
const tokenizer = lora.tokenizers.Tokenizer.fromFolder('models/base')
const window = lora.models.MistralForCausalLM.fromConfig(
  { vocab_size: 97, hidden_size: 48, intermediate_size: 80, num_hidden_layers: 3, num_attention_heads: 4, num_key_value_heads: 2,
    max_position_embeddings: 128, sliding_window: 12, initializer_range: 0.3, eos_token_id: 5 },
  { generator: new lora.Generator(4) })
const cases = [
  [base.eval(), texts.map((text) => [...tokenizer.encode(text)])],
  [window.eval(), texts.map((text) => Array.from(text, (letter) => letter.codePointAt(0) % 97))],
]
for (const [model, prompts] of cases) {
  for (const options of [{ maxNewTokens: 24 }, { maxNewTokens: 24, numBeams: 4 }]) {
    const alone = []
    for (const prompt of prompts) alone.push((await model.generate(prompt, options))[0])
    const together = await model.generate(prompts, options)
    const lengths = new Set(prompts.map((prompt) => prompt.length)).size
    const grown = together.every((row, i) => row.length > prompts[i].length)
    const differ = together.flatMap((row, i) => (String(row) === String(alone[i]) ? [] : [{ i, row, alone: alone[i] }]))
    console.log(JSON.stringify({ rows: together.length, lengths, grown, differ }))
  }
}`

for (const isa of ['avx512', 'avx2', 'neon', 'scalar', 'candle']) {
  test(`8 prompts of different lengths come out as each alone, greedy and with 4 beams: ${isa}`, async (t) => {
    const { code, out, errors } = await runProgram(COMPARE, { env: { LORALIB_ISA: isa }, limitMs: 300_000 })
    if (errors.includes('LORALIB_ISA names a kernel path that cannot run here')) {
      t.log(`skipped: this CPU has no ${isa}`)
      t.not(code, 0)
      return
    }
    t.is(code, 0, errors)
    const results = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) // prettier-ignore
    t.is(results.length, 4)
    for (const { rows, lengths, grown, differ } of results) {
      t.deepEqual({ rows, grown, differ }, { rows: 8, grown: true, differ: [] })
      t.true((lengths as number) > 5)
    }
  })
}
