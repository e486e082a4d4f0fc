// What PEFT's own tests hold true, one test for each, at their tolerance or a tighter one.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { farthest, IDS, logitsOf, stir, tinyLlama } from '../support/peft.js'

const { peft } = lora
const targetModules = ['q_proj', 'down_proj', 'embed_tokens']
const CONFIGS: lora.peft.LoraConfig[] = [
  { r: 4, targetModules },
  { r: 4, targetModules, useDora: true },
  { r: 4, targetModules: ['q_proj'], initLoraWeights: 'pissa' },
]
const qProj = (model: lora.peft.PeftModel): lora.Linear =>
  model.base_model.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear

function trained(config: lora.peft.LoraConfig, seed = 1): lora.peft.Adapted<lora.models.LlamaForCausalLM> {
  const model = peft.getPeftModel(tinyLlama(), config)
  stir(model, seed)
  return model
}

test('PEFT invariant: logits merged = unmerged = unloaded', async (t) => {
  for (const config of CONFIGS) {
    const model = trained(config)
    const apart = await logitsOf(model)
    await model.mergeAdapter()
    t.true(farthest(await logitsOf(model), apart) < 1e-5)
    model.unmergeAdapter()
    t.true(farthest(await logitsOf(model.mergeAndUnload()), apart) < 1e-5)
  }
})

test('PEFT invariant: safe_merge result = merge result; raises on NaN and inf, weights untouched', async (t) => {
  for (const config of CONFIGS) {
    const model = trained(config)
    await model.mergeAdapter({ safeMerge: false })
    const plain = await logitsOf(model)
    await model.mergeAdapter({ safeMerge: true })
    t.deepEqual(await logitsOf(model), plain)
    model.unmergeAdapter()
    const { baseWeight, adapters } = qProj(model)
    const before = await numbers(baseWeight)
    for (const bad of [NaN, Infinity]) {
      lora.noGrad(() => adapters.get('default')!.lora_B.fill_(bad))
      await t.throwsAsync(model.mergeAdapter(), { instanceOf: lora.NonFiniteError })
      t.deepEqual([model.status().mergedAdapters, await numbers(baseWeight)], [[], before])
    }
  }
})

test('PEFT invariant: merge twice changes nothing', async (t) => {
  for (const config of CONFIGS) {
    const model = trained(config)
    await model.mergeAdapter()
    const once = await logitsOf(model)
    await model.mergeAdapter()
    t.deepEqual(await logitsOf(model), once)
  }
})

test('PEFT invariant: several adapters merged at once', async (t) => {
  const model = trained({ r: 4, targetModules })
  model.addAdapter('second', { r: 2, loraAlpha: 12, targetModules: ['q_proj', 'v_proj'] })
  model.setAdapter('second')
  stir(model, 2)
  model.setAdapter(['default', 'second'])
  const apart = await logitsOf(model)
  await model.mergeAdapter()
  t.true(farthest(await logitsOf(model), apart) < 1e-5)
  t.true(farthest(await logitsOf(model.mergeAndUnload()), apart) < 1e-5)
})

test('PEFT invariant: disable_adapter gives base logits, re-enable gives adapter logits', async (t) => {
  for (const config of CONFIGS) {
    const base = tinyLlama()
    const plain = await logitsOf(base)
    const model = peft.getPeftModel(base, config)
    stir(model, 3)
    const adapted = await logitsOf(model)
    t.true(farthest(adapted, plain) > 0.01)
    t.deepEqual(await numbers(model.disableAdapter(() => lora.noGrad(() => model.forward(IDS).logits))), plain)
    t.deepEqual(await logitsOf(model), adapted)
  }
})

test('PEFT invariant: save → load under another seed', async (t) => {
  for (const config of CONFIGS) {
    const dir = await folderWith(t)
    const model = trained(config)
    const twin = tinyLlama()
    const base = trained({ r: 1, targetModules: ['q_proj'] }).unload()
    twin.loadStateDict(base.stateDict())
    const own = peft.getPeftModel(base, config)
    stir(own, 4)
    await own.savePretrained(dir)
    lora.manualSeed(1234)
    const loaded = await peft.PeftModel.fromPretrained(twin, dir)
    t.true(farthest(await logitsOf(loaded), await logitsOf(own)) < 1e-5)
    t.true(farthest(await logitsOf(model), await logitsOf(own)) > 1e-3)
  }
})

test('PEFT invariant: after 3 SGD steps only adapter parameters moved', async (t) => {
  for (const config of CONFIGS) {
    const model = peft.getPeftModel(tinyLlama(), config)
    model.train()
    const own = model.trainableParameters()
    const others = model.parameters().filter((tensor) => !own.includes(tensor))
    const [before, start] = [await Promise.all(others.map(numbers)), await Promise.all(own.map(numbers))]
    const optimizer = new lora.optim.SGD(own, { lr: 0.5 })
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad()
      await model.forward(IDS, { labels: IDS }).loss.backward()
      await optimizer.step()
    }
    t.deepEqual(await Promise.all(others.map(numbers)), before)
    const after = await Promise.all(own.map(numbers))
    t.true(after.every((values, i) => farthest(values, start[i]!) > 0))
  }
})

test('PEFT invariant: PiSSA and OLoRA converted adapter = original', async (t) => {
  for (const initLoraWeights of ['pissa', 'olora', 'pissa_niter_4']) {
    const dir = await folderWith(t)
    const [base, twin] = [tinyLlama(), tinyLlama()]
    twin.loadStateDict(base.stateDict())
    const model = peft.getPeftModel(base, { r: 4, targetModules: ['q_proj', 'v_proj'], initLoraWeights })
    stir(model, 5, 0.05)
    await model.savePretrained(dir)
    const loaded = await peft.PeftModel.fromPretrained(twin, dir)
    const want = await logitsOf(model)
    t.true(farthest(await logitsOf(loaded), want) < 1e-6 * Math.max(1, ...want.map(Math.abs)))
  }
})

test('PEFT invariant: orthogonal init: largest abs entry of BA < 1e-6', async (t) => {
  const model = peft.getPeftModel(tinyLlama(), { r: 8, targetModules: ['q_proj'], initLoraWeights: 'orthogonal' })
  const { lora_A, lora_B } = qProj(model).adapters.get('default')!
  const product = await numbers(lora.noGrad(() => lora_B.matmul(lora_A)))
  t.true(Math.max(...product.map(Math.abs)) < 1e-6)
})

/** The largest distance between the distribution of values and a given one. */
function kolmogorov(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.max(
    ...sorted.map((x, i) => Math.max(Math.abs(cdf(x) - i / sorted.length), Math.abs(cdf(x) - (i + 1) / sorted.length))),
  )
}

const normal = (std: number) => (x: number) => {
  const z = Math.abs(x / std) / Math.SQRT2
  const k = 1 / (1 + 0.3275911 * z)
  const tail = k * (0.254829592 + k * (-0.284496736 + k * (1.421413741 + k * (-1.453152027 + k * 1.061405429))))
  const erf = 1 - tail * Math.exp(-z * z)
  return 0.5 * (1 + Math.sign(x) * erf)
}
const uniform = (bound: number) => (x: number) => Math.min(1, Math.max(0, (x + bound) / (2 * bound)))

test('PEFT invariant: init distributions (Kolmogorov–Smirnov)', async (t) => {
  lora.manualSeed(7)
  const factors = async (config: lora.peft.LoraConfig, path: string) => {
    const base = tinyLlama()
    peft.getPeftModel(base, { r: 32, ...config })
    const { lora_A, lora_B } = (base.getSubmodule(path) as lora.Linear).adapters.get('default')!
    return [await numbers(lora_A), await numbers(lora_B)] as const
  }
  const q = { targetModules: ['q_proj'] }
  const [path, words] = ['model.layers.0.self_attn.q_proj', 'model.embed_tokens']
  const limit = (n: number) => 1.95 / Math.sqrt(n) // p = 0.001
  const [a, b] = await factors(q, path)
  t.true(kolmogorov(a, uniform(1 / Math.sqrt(32))) < limit(a.length) && b.every((value) => value === 0))
  const [gaussian] = await factors({ ...q, initLoraWeights: 'gaussian' }, path)
  t.true(kolmogorov(gaussian, normal(1 / 32)) < limit(gaussian.length))
  const [, random] = await factors({ ...q, initLoraWeights: false }, path)
  t.true(kolmogorov(random, uniform(1 / Math.sqrt(32))) < limit(random.length))
  const [zero, rows] = await factors({ targetModules: ['embed_tokens'] }, words)
  t.true(kolmogorov(rows, normal(1)) < limit(rows.length) && zero.every((value) => value === 0))
})

test('PEFT invariant: DoRA unmerge restores W; negative-weight add', async (t) => {
  const model = trained({ r: 4, targetModules: ['q_proj'], useDora: true })
  const before = await numbers(qProj(model).baseWeight)
  await model.mergeAdapter()
  model.unmergeAdapter()
  t.deepEqual(await numbers(qProj(model).forwardWeight()), before)
  const plain = trained({ r: 4, targetModules: ['q_proj'] })
  const base = await logitsOf(plain.withAdapter('__base__'))
  plain.addWeightedAdapter(['default', 'default'], [1, -1], 'nothing', { combinationType: 'cat' })
  t.true(farthest(await logitsOf(plain.withAdapter('nothing')), base) < 1e-5)
})

test('PEFT invariant: rank and alpha pattern tables', (t) => {
  const config = {
    r: 4,
    loraAlpha: 8,
    targetModules: ['q_proj', 'v_proj'],
    rankPattern: { '^model.layers.0.self_attn.q_proj': 2, v_proj: 6 },
    alphaPattern: { 'layers.1.*v_proj': 3 },
  }
  const found = peft.inspectTargets(tinyLlama(), config).map(({ r, loraAlpha }) => [r, loraAlpha])
  t.deepEqual(found, [
    [2, 8],
    [6, 8],
    [4, 8],
    [6, 3],
  ])
})

test('PEFT invariant: a duplicate name raises and mutates nothing', async (t) => {
  const model = trained({ r: 4, targetModules })
  const before = await logitsOf(model)
  t.throws(() => model.addAdapter('default', { targetModules: ['v_proj'] }), { instanceOf: lora.OptionError })
  t.deepEqual(await logitsOf(model), before)
  t.is(model.status().numAdapterLayers, 5)
})

test('PEFT invariant: an adapter that is merged can be deleted, and the base is as it was', async (t) => {
  const base = tinyLlama()
  const plain = await logitsOf(base)
  const model = peft.getPeftModel(base, { r: 4, targetModules })
  stir(model, 8)
  await model.mergeAdapter()
  model.deleteAdapter('default')
  t.deepEqual(await logitsOf(base), plain)
})

test('PEFT invariant: adapters of a half-precision base are f32 in four entry points', async (t) => {
  const dir = await folderWith(t)
  const model = peft.getPeftModel(tinyLlama().to('bf16'), { r: 2, targetModules: ['q_proj'] })
  model.addAdapter('added', { r: 2, targetModules: ['q_proj'] })
  await model.savePretrained(dir, 'default')
  await model.loadAdapter(dir, { adapterName: 'loaded' })
  const whole = await peft.PeftModel.fromPretrained(tinyLlama().to('bf16'), dir)
  const dtypes = [...qProj(model).adapters.values(), ...qProj(whole).adapters.values()].flatMap(
    ({ lora_A, lora_B }) => [lora_A.dtype, lora_B.dtype],
  )
  t.deepEqual(new Set(dtypes), new Set(['f32']))
  t.is(dtypes.length, 8)
})

test('PEFT invariant: targets that are parameters, and activation compression, are refused by name', async (t) => {
  const dir = await folderWith(t)
  const { writeFile } = await import('node:fs/promises')
  for (const [key, value] of [
    ['target_parameters', ['a.weight']],
    ['velora_config', { num_groups: 64 }],
  ] as const) {
    await writeFile(
      `${dir}/adapter_config.json`,
      JSON.stringify({ peft_type: 'LORA', target_modules: ['q_proj'], [key]: value }),
    )
    await t.throwsAsync(peft.PeftModel.fromPretrained(tinyLlama(), dir), {
      instanceOf: lora.UnsupportedError,
      message: new RegExp(key),
    })
  }
})
