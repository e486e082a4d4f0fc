// Cases g: decoding with a cache, greedy and with beams.
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'
import { tokenIds } from '../lib/noise.mjs'
import { GPT2, SMOL, generationGflop } from '../lib/work.mjs'

const PROMPT = 64

const decode = (from, work, options) => ({ bases: [from], run: (context) => runGenerate(context, from, work, options) })

export const generateCases = {
  'g-greedy': decode(base('gpt2'), GPT2, { tokens: 128 }),
  'g-smol': decode(base('llama'), SMOL, { tokens: 128 }),
  'g-beam10': decode(base('gpt2'), GPT2, { tokens: 64, beams: 10 }),
  'g-greedy-bf16': decode(base('gpt2', 'BF16'), GPT2, { tokens: 128, mode: 'bf16' }),
}

async function runGenerate({ measure, folder, size }, from, work, { tokens, beams = 1, mode = 'f32' }) {
  const fresh = size(tokens, 16)
  const model = await lora.models.AutoModelForCausalLM.fromPretrained(folder(from))
  const prompt = tokenIds('ids', [1, PROMPT], 0, model.config.vocab_size)
  // No stop token, so that each row has the full number of tokens.
  const options = { maxNewTokens: fresh, minNewTokens: fresh }
  if (beams > 1) Object.assign(options, { numBeams: beams, lengthPenalty: 0.8, noRepeatNgramSize: 4 })
  let made = []
  const step = async () => {
    made = (await model.generate(prompt, options))[0].slice(PROMPT)
  }
  const check = () => ({ tokens: made.slice(0, 8), sum: made.reduce((a, b) => a + b, 0) })
  await measure(step, { tokens: fresh, mode, gflop: generationGflop(work, PROMPT, fresh, beams), check })
}
