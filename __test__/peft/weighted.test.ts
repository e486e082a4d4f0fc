// Weighted sums of adapters: each form against what its name says, computed here with plain numbers.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { farthest, logitsOf, stir, tinyLlama } from '../support/peft.js'

const { peft } = lora

type Combination = NonNullable<lora.peft.WeightedAdapterOptions['combinationType']>

const targetModules = ['q_proj', 'down_proj']

/** Two adapters of one rank that move the logits. */
function pair(): lora.peft.Adapted<lora.models.LlamaForCausalLM> {
  const model = peft.getPeftModel(tinyLlama(), { r: 4, loraAlpha: 8, targetModules }, 'a')
  stir(model, 1)
  model.addAdapter('b', { r: 4, loraAlpha: 12, targetModules })
  model.setAdapter('b')
  stir(model, 2)
  return model
}

/** `scaling · B A` of an adapter of the first q_proj. */
async function update(model: lora.peft.PeftModel, name: string): Promise<number[]> {
  const { lora_A, lora_B, scaling } = layerOf(model).adapters.get(name)!
  return numbers(lora.noGrad(() => lora_B.matmul(lora_A).mul(scaling)))
}

const layerOf = (model: lora.peft.PeftModel): lora.Linear =>
  model.base_model.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear

const sum = (a: readonly number[], b: readonly number[], [u, v]: readonly [number, number]): number[] =>
  a.map((value, i) => u * value + v * b[i]!)

test('peft, weighted: cat and a wide svd are the very sum, of adapters of other ranks too, with negative weights', async (t) => {
  const model = pair()
  model.addAdapter('wide', { r: 6, targetModules: ['q_proj', 'up_proj'] })
  model.setAdapter('wide')
  stir(model, 3)
  const want = sum(await update(model, 'a'), await update(model, 'wide'), [0.7, -0.4])
  model.addWeightedAdapter(['a', 'wide'], [0.7, -0.4], 'cat', { combinationType: 'cat' })
  model.addWeightedAdapter(['a', 'wide'], [0.7, -0.4], 'svd', { svdRank: 10 })
  for (const name of ['cat', 'svd']) {
    t.true(farthest(await update(model, name), want) < 1e-5)
    t.is(model.peftConfig.get(name)!.r, 10)
  }
  t.true(farthest(await logitsOf(model.withAdapter('cat')), await logitsOf(model.withAdapter('svd'))) < 1e-5)
  const layers = peft.inspectTargets(tinyLlama(), { targetModules: model.peftConfig.get('cat')!.targetModules })
  t.is(layers.length, 6, 'q_proj, down_proj and up_proj of two blocks')
  t.deepEqual(model.activeAdapters, ['wide'], 'it neither acts nor trains')
  t.true(model.trainableParameters().length === 8)
})

test('peft, weighted: svd keeps the nearest matrix of its rank', async (t) => {
  const model = pair()
  const whole = sum(await update(model, 'a'), await update(model, 'b'), [1, 0.5])
  const far: number[] = []
  for (const svdRank of [1, 4, 7, 8]) {
    model.addWeightedAdapter(['a', 'b'], [1, 0.5], `rank${svdRank}`, { combinationType: 'svd', svdRank })
    const got = await update(model, `rank${svdRank}`)
    far.push(Math.hypot(...got.map((value, i) => value - whole[i]!)))
  }
  t.true(far.every((value, i) => i === 0 || value < far[i - 1]!))
  t.true(far[0]! > 0.1 && far.at(-1)! < 1e-5)
})

test('peft, weighted: linear is the sum for one adapter; of several it sums the factors, each by the root of its weight', async (t) => {
  const model = pair()
  const own = await update(model, 'a')
  model.addWeightedAdapter(['a'], [-0.5], 'half')
  t.true(
    farthest(
      await update(model, 'half'),
      own.map((value) => -0.5 * value),
    ) < 1e-6,
  )
  model.addWeightedAdapter(['a', 'b'], [0.7, -0.4], 'both', { combinationType: 'linear' })
  const [a, b, both] = ['a', 'b', 'both'].map((name) => layerOf(model).adapters.get(name)!)
  const roots = [Math.sqrt(0.7 * 2), Math.sqrt(0.4 * 3)] as const
  const [wantA, wantB] = [
    sum(await numbers(a!.lora_A), await numbers(b!.lora_A), [roots[0], -roots[1]]),
    sum(await numbers(a!.lora_B), await numbers(b!.lora_B), [roots[0], roots[1]]),
  ]
  t.true(farthest(await numbers(both!.lora_A), wantA) < 1e-6)
  t.true(farthest(await numbers(both!.lora_B), wantB) < 1e-6)
})

/** Numbers of a tensor pruned to its largest share. */
function pruned(x: readonly number[], density: number): number[] {
  const bound = x.map(Math.abs).sort((p, q) => q - p)[Math.floor(density * x.length) - 1]!
  return x.map((value) => (Math.abs(value) >= bound ? value : 0))
}

/** TIES of two lists. */
function ties(
  x: readonly number[],
  y: readonly number[],
  weights: readonly [number, number],
  method: 'total' | 'frequency',
): number[] {
  return x.map((value, i) => {
    const both = [value, y[i]!]
    const votes = method === 'total' ? both : both.map(Math.sign)
    const sign = votes[0]! + votes[1]! >= 0 ? 1 : -1
    const kept = both.flatMap((each, j) => (Math.sign(each) === sign ? [each * weights[j]!] : []))
    return kept.reduce((all, each) => all + each, 0) / Math.max(1, kept.length)
  })
}

for (const method of ['total', 'frequency'] as const) {
  test(`peft, weighted: ties and magnitude_prune prune by size and elect signs by ${method}; the svd forms do so on the updates`, async (t) => {
    const model = pair()
    const [x, y] = [await update(model, 'a'), await update(model, 'b')]
    const kept = [pruned(x, 0.5), pruned(y, 0.5)] as const
    const options = { density: 0.5, svdRank: 32 }
    model.addWeightedAdapter(['a', 'b'], [1, 0.8], 'ties', {
      ...options,
      combinationType: 'ties_svd',
      majoritySignMethod: method,
    })
    t.true(farthest(await update(model, 'ties'), ties(...kept, [1, 0.8], method)) < 1e-5)
    model.addWeightedAdapter(['a', 'b'], [1, 0.8], 'pruned', { ...options, combinationType: 'magnitude_prune_svd' })
    t.true(farthest(await update(model, 'pruned'), sum(...kept, [1, 0.8])) < 1e-5)
    const [a, b] = ['a', 'b'].map((name) => layerOf(model).adapters.get(name)!)
    model.addWeightedAdapter(['a', 'b'], [1, 0.8], 'factors', {
      combinationType: 'ties',
      density: 0.5,
      majoritySignMethod: method,
    })
    const factors = [pruned(await numbers(a!.lora_A), 0.5), pruned(await numbers(b!.lora_A), 0.5)] as const
    const want = ties(...factors, [Math.sqrt(2), Math.sqrt(0.8 * 3)], method)
    t.true(farthest(await numbers(layerOf(model).adapters.get('factors')!.lora_A), want) < 1e-6)
  })
}

test('peft, weighted: dare keeps a random share, divided by it; a density of 1 is the plain sum', async (t) => {
  const model = pair()
  const [x, y] = [await update(model, 'a'), await update(model, 'b')]
  lora.manualSeed(5)
  model.addWeightedAdapter(['a'], [1], 'dare', { combinationType: 'dare_linear_svd', density: 0.25, svdRank: 32 })
  const got = await update(model, 'dare')
  const kept = got.filter((value) => Math.abs(value) > 1e-5).length / got.length
  t.true(Math.abs(kept - 0.25) < 0.05, `${kept}`)
  for (const [i, value] of got.entries()) t.true(Math.abs(value) < 1e-5 || Math.abs(value - 4 * x[i]!) < 1e-4)
  for (const type of ['dare_linear_svd', 'magnitude_prune_svd'] as const) {
    model.addWeightedAdapter(['a', 'b'], [1, 2], type, { combinationType: type, density: 1, svdRank: 32 })
    t.true(farthest(await update(model, type), sum(x, y, [1, 2])) < 1e-5)
  }
  for (const type of ['dare_ties', 'dare_linear', 'dare_ties_svd'] as const) {
    model.addWeightedAdapter(['a', 'b'], [1, 2], type, { combinationType: type, density: 0.5 })
    t.true((await logitsOf(model.withAdapter(type))).every(Number.isFinite))
  }
})

test('peft, weighted: svdClamp cuts the factors at a quantile of their values', async (t) => {
  const model = pair()
  const values = async (name: string) => {
    const { lora_A, lora_B } = layerOf(model).adapters.get(name)!
    return [...(await numbers(lora_B)), ...(await numbers(lora_A))]
  }
  model.addWeightedAdapter(['a', 'b'], [1, 1], 'free', { combinationType: 'svd' })
  model.addWeightedAdapter(['a', 'b'], [1, 1], 'cut', { combinationType: 'svd', svdClamp: 0.9 })
  const [free, cut] = [await values('free'), await values('cut')]
  const sorted = [...free].sort((p, q) => p - q)
  const place = 0.9 * (free.length - 1)
  const bound = sorted[Math.floor(place)]! + (place % 1) * (sorted[Math.ceil(place)]! - sorted[Math.floor(place)]!)
  const want = free.map((value) => Math.min(bound, Math.max(-bound, value)))
  t.true(farthest(cut, want) < 1e-5)
})

test('peft, weighted: embeddings and saved modules are combined too; the scaling of rsLoRA counts once', async (t) => {
  const config = { r: 2, loraAlpha: 4, useRslora: true, targetModules: ['embed_tokens', 'v_proj'] }
  const model = peft.getPeftModel(tinyLlama(), { ...config, modulesToSave: ['norm'] }, 'a')
  stir(model, 6)
  model.addAdapter('b', config)
  model.setAdapter('b')
  stir(model, 7)
  model.addWeightedAdapter(['a', 'b'], [1, 1], 'sum', { combinationType: 'cat' })
  t.true(farthest(await logitsOf(model.withAdapter('sum')), await logitsOf(model.withAdapter(['a', 'b']))) < 1e-5)
})

test('peft, weighted: what cannot be summed is refused, and nothing is changed', (t) => {
  const model = pair()
  model.addAdapter('narrow', { r: 2, targetModules })
  model.addAdapter('dora', { r: 4, targetModules, useDora: true })
  model.addAdapter('saved', { r: 4, targetModules, modulesToSave: ['norm'] })
  model.addAdapter('saved2', { r: 4, targetModules, modulesToSave: ['norm'] })
  const add = (names: string[], weights: number[], options: lora.peft.WeightedAdapterOptions = {}, as = 'new') =>
    model.addWeightedAdapter(names, weights, as, options)
  const option = { instanceOf: lora.OptionError }
  t.throws(() => add(['a', 'b'], [1]), { ...option, message: /2 numbers/ })
  t.throws(() => add([], []), option)
  t.throws(() => add(['a', 'b'], [1, NaN]), option)
  t.throws(() => add(['a', 'c'], [1, 1]), { instanceOf: lora.KeyError })
  t.throws(() => add(['a', 'b'], [1, 1], {}, 'a'), option)
  t.throws(() => add(['a', 'b'], [1, 1], { combinationType: 'mean' as Combination }), option)
  t.throws(() => add(['a', 'narrow'], [1, 1], { combinationType: 'linear' }), { ...option, message: /ranks 4, 2/ })
  t.throws(() => add(['a', 'b'], [1, 1], { combinationType: 'ties' }), { ...option, message: /density/ })
  t.throws(() => add(['a', 'b'], [1, 1], { combinationType: 'dare_ties', density: 0 }), option)
  t.throws(() => add(['a', 'b'], [1, 1], { combinationType: 'cat', svdRank: 3 }), { ...option, message: /svdRank/ })
  t.throws(() => add(['a', 'b'], [1, 1], { svdRank: 33 }), { ...option, message: /at most 32/ })
  t.throws(() => add(['a', 'dora'], [1, 1]), { instanceOf: lora.UnsupportedError, message: /DoRA/ })
  t.throws(() => add(['saved', 'saved2'], [1, 1]), { instanceOf: lora.UnsupportedError, message: /norm/ })
  t.false(model.peftConfig.has('new'))
})
