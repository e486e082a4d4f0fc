// LoRA+ and LoRA-FA, the status of a model, merging that says what it costs.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { farthest, IDS, logitsOf, stir, tinyLlama } from '../support/peft.js'

const { peft } = lora

test('peft, LoRA+: the groups of PEFT, with their rates and decay', (t) => {
  const config = { r: 2, useDora: true, targetModules: ['embed_tokens', 'q_proj'], modulesToSave: ['norm', 'lm_head'] }
  const model = peft.getPeftModel(tinyLlama(), config)
  const options = { lr: 1e-3, loraplusLrRatio: 16, loraplusWeightDecay: 0.1 }
  const groups = peft.loraPlusParamGroups(model, options)
  t.deepEqual(
    groups.map(({ lr, weightDecay }) => [lr, weightDecay]),
    [
      [1e-3, 0.1],
      [1e-6, 0.1],
      [0.016, 0.1],
      [0.016, 0],
    ],
  )
  const names = new Map([...model.namedParameters()].map(([name, tensor]) => [tensor, name]))
  const ends = groups.map(({ params }) =>
    params.map((tensor) => names.get(tensor)!.replace(/^.*\.(?=[^.]+\.adapters|[^.]+\.modules_to_save)/, '')),
  )
  t.deepEqual(ends[0], [
    'q_proj.adapters.default.lora_A',
    'q_proj.adapters.default.lora_A',
    'lm_head.modules_to_save.default.weight',
  ])
  t.is(ends[1]!.length, 3, 'A, B and the norms of the embedding')
  t.true(ends[2]!.every((name) => /q_proj.*(lora_B|magnitude)$/.test(name)) && ends[2]!.length === 4)
  t.true(ends[3]!.length === 5 && ends[3]!.every((name) => name.includes('norm.')), 'norms do not decay')
  t.is(groups.flatMap(({ params }) => params).length, model.trainableParameters().length)
  t.notThrows(() => new lora.optim.AdamW(groups, { lr: 1e-3 }))
  t.throws(() => peft.loraPlusParamGroups(model, { ...options, loraplusLrRatio: 0.5 }), {
    instanceOf: lora.OptionError,
  })
})

test('peft, LoRA-FA: A is frozen, and B steps by AdamW on g (A Aᵀ)⁻¹ / s²', async (t) => {
  const model = peft.getPeftModel(tinyLlama(), { r: 3, loraAlpha: 6, targetModules: ['q_proj'] })
  stir(model, 1)
  const { lora_A: a, lora_B: b } = (
    model.base_model.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear
  ).adapters.get('default')!
  const optimizer = peft.createLoraFaOptimizer(model, { lr: 0.01, weightDecay: 0.1 })
  t.false(a.requiresGrad)
  const [before, start] = [await numbers(a), await numbers(b)]
  await model.forward(IDS, { labels: IDS }).loss.backward()
  const grad = lora.noGrad(() => lora.keep(b.grad!.detach().clone()))
  await optimizer.step()
  t.deepEqual(await numbers(a), before)
  // (A Aᵀ) P = g has the solution P: it is checked by the product back.
  const after = await numbers(b)
  const decayed = after.map((value) => value / (1 - 0.01 * 0.1))
  const steps = decayed.map((value, i) => (start[i]! - value) / 0.01)
  const gram = await numbers(lora.noGrad(() => a.matmul(a.transpose(0, 1))))
  const g = await numbers(grad)
  const inverse = inverse3(gram)
  for (let row = 0; row < 32; row++) {
    for (let j = 0; j < 3; j++) {
      const projected = [0, 1, 2].reduce((sum, k) => sum + g[row * 3 + k]! * inverse[k * 3 + j]!, 0) / 2 ** 2
      // The first step of Adam, whose eps of 1e-6 stands beside a second moment that is not corrected yet.
      const step = projected / (Math.abs(projected) + 1e-6 / Math.sqrt(0.001))
      t.true(Math.abs(steps[row * 3 + j]! - step) < 0.02, `${row} ${j}: ${steps[row * 3 + j]} for ${step}`)
    }
  }
  const tables = peft.getPeftModel(tinyLlama(), { r: 2, targetModules: ['embed_tokens'] })
  t.throws(() => peft.createLoraFaOptimizer(tables), { instanceOf: lora.UnsupportedError, message: /embedding/ })
})

/** The inverse of a matrix (3, 3), by its adjugate. */
function inverse3([a, b, c, d, e, f, g, h, i]: readonly number[]): number[] {
  const [A, B, C] = [e! * i! - f! * h!, f! * g! - d! * i!, d! * h! - e! * g!]
  const det = a! * A + b! * B + c! * C
  const rows = [
    A,
    c! * h! - b! * i!,
    b! * f! - c! * e!,
    B,
    a! * i! - c! * g!,
    c! * d! - a! * f!,
    C,
    b! * g! - a! * h!,
    a! * e! - b! * d!,
  ]
  return rows.map((value) => value / det)
}

test('peft: status says what is active, merged and trained, in the model and in each layer', async (t) => {
  const model = peft.getPeftModel(tinyLlama(), { r: 2, targetModules: ['q_proj'] }, 'a')
  model.addAdapter('b', { r: 2, targetModules: ['q_proj', 'v_proj'] })
  const first = model.status()
  t.like(first, {
    baseModelType: 'LlamaForCausalLM',
    enabled: true,
    numAdapterLayers: 4,
    peftTypes: { a: 'LORA', b: 'LORA' },
  })
  t.deepEqual([first.activeAdapters, first.mergedAdapters, first.availableAdapters], [['a'], [], ['a', 'b']])
  t.deepEqual(first.requiresGrad, { a: true, b: false })
  t.deepEqual(first.devices, { a: ['cpu'], b: ['cpu'] })
  t.like(first.layers[0], {
    name: 'model.layers.0.self_attn.q_proj',
    moduleType: 'lora.Linear',
    availableAdapters: ['a', 'b'],
  })
  t.is(first.trainableParams, model.trainableCount().trainable)
  const q = model.base_model.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear
  q.adapters.get('a')!.lora_A.requiresGrad = false
  t.deepEqual(model.status().requiresGrad, { a: 'irregular', b: false })
  await model.mergeAdapter('b')
  t.deepEqual(model.status().mergedAdapters, ['b'])
  q.unmerge()
  t.is(model.status().mergedAdapters, 'irregular')
  t.false(model.disableAdapter(() => model.status()).enabled)
  t.true(model.status().enabled)
})

test('peft: scaleAdapter reaches what is merged, and unscaleAdapter takes it back', async (t) => {
  const model = peft.getPeftModel(tinyLlama(), { r: 2, targetModules: ['q_proj'] })
  stir(model, 3)
  const whole = await logitsOf(model)
  model.scaleAdapter('default', 0.5)
  const half = await logitsOf(model)
  t.true(farthest(half, whole) > 1e-3)
  model.unscaleAdapter('default')
  await model.mergeAdapter()
  t.true(farthest(await logitsOf(model), whole) < 1e-5)
  model.scaleAdapter('default', 0.5)
  t.true(farthest(await logitsOf(model), half) < 1e-5)
  t.throws(() => model.scaleAdapter('default', NaN), { instanceOf: lora.OptionError })
})

for (const dtype of ['f32', 'bf16', 'f16'] as const) {
  test(`peft: merging says what it costs (${dtype})`, async (t) => {
    const model = peft.getPeftModel(tinyLlama().to(dtype), { r: 4, targetModules: 'all-linear' })
    stir(model, 4)
    const apart = await logitsOf(model)
    const { layers, maxLogitChange, rounding } = await model.mergeAdapter({ probe: IDS })
    t.is(layers, 14)
    t.true(Math.abs(farthest(await logitsOf(model), apart) - maxLogitChange!) < 1e-6)
    if (dtype === 'f32') {
      t.true(maxLogitChange! < 1e-5)
      t.deepEqual(rounding, { maxAbs: 0, relative: 0 })
    } else {
      const eps = dtype === 'bf16' ? 2 ** -9 : 2 ** -12
      t.true(rounding.maxAbs > eps / 64 && rounding.maxAbs < eps * 4, `${rounding.maxAbs}`)
      t.true(rounding.relative > 0 && rounding.relative < 0.1)
    }
    t.is((await model.mergeAdapter()).maxLogitChange, null)
  })
}

test('peft: an adapter with NaN or infinity is not merged; what was merged stays so', async (t) => {
  const model = peft.getPeftModel(tinyLlama(), { r: 2, targetModules: ['q_proj'] }, 'good')
  stir(model, 5)
  model.addAdapter('bad', { r: 2, targetModules: ['q_proj', 'v_proj'] })
  const v = model.base_model.getSubmodule('model.layers.1.self_attn.v_proj') as lora.Linear
  for (const value of [NaN, Infinity]) {
    lora.noGrad(() => v.adapters.get('bad')!.lora_B.fill_(value))
    await model.mergeAdapter('good')
    const before = await logitsOf(model)
    await t.throwsAsync(model.mergeAdapter('bad'), { instanceOf: lora.NonFiniteError, message: /v_proj/ })
    t.deepEqual(model.status().mergedAdapters, ['good'])
    t.deepEqual(await logitsOf(model), before)
    await model.mergeAdapter({ adapterNames: 'bad', safeMerge: false })
    t.deepEqual(model.status().mergedAdapters, ['bad'])
    model.unmergeAdapter()
  }
  model.train()
  await t.throwsAsync(model.mergeAdapter({ probe: IDS }), { instanceOf: lora.OptionError, message: /eval/ })
})
