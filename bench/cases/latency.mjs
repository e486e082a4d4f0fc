// Case h: merged against unmerged, one forward over 128 tokens and one decode step after them.
import * as lora from 'loralib'
import { base } from '../lib/bases.mjs'
import { sumAbs } from '../lib/measure.mjs'
import { tokenIds } from '../lib/noise.mjs'
import { fillAdapter } from '../lib/train.mjs'

const T = 128
const subjects = [
  { label: 'gpt2 c_attn r=4', from: base('gpt2'), inject: { targets: ['c_attn'], r: 4, loraAlpha: 32 } },
  { label: 'smol all-linear r=8', from: base('llama'), inject: { targets: /_proj$/, r: 8, loraAlpha: 16 } },
]

export const latencyCases = { h: { bases: subjects.map(({ from }) => from), run: runLatency } }

async function runLatency({ measure, folder }) {
  for (const { label, from, inject } of subjects) {
    const model = await lora.models.AutoModelForCausalLM.fromPretrained(folder(from))
    lora.injectLora(model, inject)
    fillAdapter(model, { zeroB: false })
    for (const kind of ['unmerged', 'merged']) {
      model.train()
      if (kind === 'merged') model.eval()
      await measureModel(measure, model, (what) => `${label}: ${what}, ${kind}`)
    }
  }
}

async function measureModel(measure, model, rowOf) {
  const ids = tokenIds('ids', [1, T], 0, model.config.vocab_size)
  const next = tokenIds('next', [1, 1], 0, model.config.vocab_size)
  const cache = new lora.models.KvCache()
  const run = (rows, options) => lora.noGrad(() => model.forward(rows, options)).logits
  const filled = run(ids, { pastKeyValues: cache })
  const forward = () => run(ids)
  const decode = () => {
    const logits = run(next, { pastKeyValues: cache })
    cache.truncate(T)
    return logits
  }
  const sumOf = (logits) => async () => ({ sum_abs_logits: await sumAbs(logits(), 1) })
  const measured = (what, logits, check) =>
    measure(() => logits().dispose(), { row: rowOf(what), micro: true, check: sumOf(check) })
  await measured(`forward 1x${T}`, forward, () => filled)
  await measured('decode step', decode, decode)
  cache.dispose()
}
