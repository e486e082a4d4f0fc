// npm run proof:merge [-- --cycles N]: merging and unmerging again and again, of mixed adapters, on bases of each kind. The base stays as it is to the bit; what is merged
// computes what is not, within what the dtype of the base can hold; an adapter with NaN is refused, and changes nothing.
import { readArgs, text } from '../lib/args.mjs'
import { needBuild } from '../lib/stamp.mjs'

const cycles = Number(readArgs({ options: { cycles: text } }).values.cycles ?? 100)
needBuild()
const lora = await import('loralib')

/** The kinds of bases, and by how much a logit near 1 may change: a few roundings of a weight. */
const BASES = [
  { name: 'f32', allowed: 1e-5, make: (model) => model },
  { name: 'f16', allowed: 2 ** -10 * 8, make: (model) => model.to('f16') },
  { name: 'bf16', allowed: 2 ** -7 * 8, make: (model) => model.to('bf16') },
  { name: 'q8_0', allowed: 2 ** -7 * 8, make: (model) => model.requiresGrad_(false).to('q8_0') },
]
const ADAPTERS = {
  plain: { r: 4, loraAlpha: 8, targetModules: 'all-linear' },
  rs: { r: 3, useRslora: true, targetModules: ['q_proj', 'down_proj'] },
  dora: { r: 4, useDora: true, targetModules: ['v_proj', 'up_proj'] },
  pissa: { r: 2, initLoraWeights: 'pissa', targetModules: ['o_proj'] },
  words: { r: 2, targetModules: ['embed_tokens', 'lm_head'] },
  biased: { r: 2, loraBias: true, targetModules: ['gate_proj'] },
}
/** What is merged together: DoRA scales a weight that no other adapter has changed. */
const TOGETHER = [
  ['plain'],
  ['rs'],
  ['dora'],
  ['pissa'],
  ['words'],
  ['biased'],
  ['plain', 'rs'],
  ['plain', 'pissa', 'words'],
  ['rs', 'dora', 'biased'],
]
const IDS = [
  [5, 9, 2, 40, 7, 11],
  [3, 3, 8, 1, 60, 22],
]

async function holds({ name, allowed, make }) {
  lora.manualSeed(1)
  const base = make(tiny()).eval()
  const frozen = base.parameters()
  const before = await bits(frozen)
  const model = new lora.peft.PeftModel(base, null)
  for (const [adapter, config] of Object.entries(ADAPTERS)) {
    model.addAdapter(adapter, config)
    model.setAdapter(adapter)
    lora.noGrad(() => {
      for (const tensor of model.trainableParameters()) tensor.add_(lora.randn([...tensor.shape]).mul(0.05))
    })
  }
  const plain = await logits(model.withAdapter('__base__'))
  const apart = new Map()
  for (const names of TOGETHER) apart.set(names, await logits(model.withAdapter(names)))
  const size = Math.max(1, ...plain.map(Math.abs))
  let [worst, moved, problem] = [0, Infinity, null]
  for (let i = 0; i < cycles && problem === null; i++) {
    const names = TOGETHER[i % TOGETHER.length]
    await model.mergeAdapter(names)
    const view = model.withAdapter(names)
    worst = Math.max(worst, farthest(await logits(view), apart.get(names)) / size)
    moved = Math.min(moved, farthest(apart.get(names), plain) / size)
    if (i % 10 === 9) problem = await broken(model, names, view)
    model.unmergeAdapter()
    if (farthest(await logits(view), apart.get(names)) !== 0)
      problem ??= `cycle ${i}: unmerged, ${names} give other numbers`
    if (farthest(await logits(model.withAdapter('__base__')), plain) !== 0)
      problem ??= `cycle ${i}: the base gives other numbers`
  }
  const isSame = (await bits(frozen)) === before
  if (!isSame) problem ??= 'the base has other bits'
  if (worst > allowed) problem ??= `merged and not, outputs differ by ${worst.toExponential(1)}`
  if (moved < 1e-3) problem ??= 'an adapter moves nothing'
  console.log(
    `${problem === null ? 'ok    ' : 'FAILED'}  ${name.padEnd(6)} merged against not ${worst.toExponential(1)} of at most ${allowed.toExponential(1)}, adapters move by ${moved.toExponential(1)}; base ${isSame ? 'identical' : 'changed'}${problem === null ? '' : `: ${problem}`}`,
  )
  return problem === null
}

/** Merges an adapter with NaN while others are merged. */
async function broken(model, names, view) {
  const before = await logits(view)
  model.addAdapter('broken', { r: 2, targetModules: ['k_proj'] })
  model.setAdapter('broken')
  lora.noGrad(() => model.trainableParameters().at(-1).fill_(NaN))
  const error = await model.mergeAdapter('broken').catch((each) => each)
  const merged = String(model.status().mergedAdapters)
  const after = await logits(view)
  model.deleteAdapter('broken')
  if (!(error instanceof lora.NonFiniteError)) return 'NaN was merged'
  if (merged !== String([...names].sort()) || farthest(before, after) !== 0) return 'a refused merge changed something'
  return null
}

function tiny() {
  return lora.models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 64, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, tie_word_embeddings: false },
  })
}

const logits = async (model) => [...(await lora.noGrad(() => model.forward(IDS).logits.to('f32')).data())]
const farthest = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0)

/** All values of tensors; f32 holds those of half precision. */
async function bits(tensors) {
  const all = []
  for (const tensor of tensors) all.push((await tensor.detach().to('f32').data()).join())
  return all.join(';')
}

let passed = 0
for (const base of BASES) if (await holds(base)) passed++
console.log(`${passed} of ${BASES.length} kinds of bases hold over ${cycles} cycles`)
process.exitCode = passed === BASES.length ? 0 : 1
