import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const { nn } = lora
const [T, B, C, H, S] = [3, 2, 8, 2, 4]

const filled = (shape: readonly number[], step: number): Tensor =>
  lora
    .tensor(
      wave(
        shape.reduce((a, b) => a * b, 1),
        step,
      ),
    )
    .reshape([...shape])
const x = () => filled([T, B, C], 0.37)
const memory = () => filled([S, B, C], 0.53)

function attention(options: object = {}): lora.MultiheadAttention {
  const layer = new lora.MultiheadAttention(C, H, { r: 2, loraAlpha: 4, ...options })
  const factors = Object.entries(layer.stateDict()).filter(([key]) => key.includes('lora_B'))
  lora.noGrad(() => factors.forEach(([, b], i) => b.copy_(filled(b.shape, 1.1 + i).mul(0.2))))
  return layer
}

const separate = { kdim: 5, vdim: 6 }
const inputs = (options: object): [Tensor, Tensor, Tensor] =>
  'kdim' in options ? [x(), filled([S, B, 5], 0.41), filled([S, B, 6], 0.47)] : [x(), memory(), memory()]

test("lora.MultiheadAttention: keys of the base are PyTorch's, factors beside them", (t) => {
  const shapes = (options: object) =>
    Object.entries(attention(options).stateDict()).map(([key, { shape }]) => `${key} ${shape.join()}`)
  const base = ['in_proj_weight 24,8', 'in_proj_bias 24', 'out_proj.weight 8,8', 'out_proj.bias 8']
  const out = ['out_proj.lora_A 2,8', 'out_proj.lora_B 8,2']
  t.deepEqual(shapes({ enableLora: [true, false, true] }), [
    ...base,
    ...out,
    'in_proj.lora_A 4,8',
    'in_proj.lora_B 16,2',
  ])
  t.deepEqual(shapes({ enableLora: [false, false, false] }), [...base, ...out])
  t.deepEqual(shapes({ r: 0 }), base)
  const sides = ['q_proj_weight 8,8', 'k_proj_weight 8,5', 'v_proj_weight 8,6', 'in_proj_bias 24']
  const kv = ['k_proj.lora_A 2,5', 'k_proj.lora_B 8,2', 'v_proj.lora_A 2,6', 'v_proj.lora_B 8,2']
  t.deepEqual(shapes({ ...separate, out: false, enableLora: [false, true, true] }), [...sides, ...base.slice(2), ...kv])
})

for (const options of [
  {},
  { enableLora: [false, true, true] },
  { out: false },
  separate,
  { ...separate, bias: false },
]) {
  test(`lora.MultiheadAttention: computes what a plain one with the merged weights does: ${JSON.stringify(options)}`, async (t) => {
    const layer = attention(options)
    const before = await numbers(Object.values(layer.stateDict())[0]!)
    const plain = new nn.MultiheadAttention(C, H, {
      ...('kdim' in options ? separate : {}),
      bias: !('bias' in options),
    })
    plain.loadStateDict(lora.mergedStateDict(layer))
    for (const [q, k, v] of [inputs(options), ...('kdim' in options ? [] : [[x(), undefined, undefined] as const])]) {
      const want = await numbers(plain.forward(q, k, v)[0])
      await close(t, layer.train().forward(q, k, v)[0], want)
      t.true(layer.eval().merged)
      for (const needWeights of [true, false]) {
        await close(t, layer.forward(q, k, v, { needWeights })[0], want)
        await close(t, lora.noGrad(() => layer.forward(q, k, v, { needWeights }))[0], want) // by the merged weights
      }
      await close(t, layer.toPlain().forward(q, k, v)[0], want)
    }
    await same(t, Object.values(layer.train().stateDict())[0]!, before)
  })
}

test('lora.MultiheadAttention: only factors train; one product and three give the same gradients', async (t) => {
  const grads = []
  for (const copy of [false, true]) {
    const layer = lora.cloneModule(FIXED)
    lora.markOnlyLoraAsTrainable(layer)
    const q = x()
    await layer
      .forward(q, copy ? x() : q, copy ? x() : q)[0]
      .square()
      .sum()
      .backward()
    const trained = [...layer.namedParameters()].filter(([, p]) => p.requiresGrad)
    t.deepEqual(
      trained.map(([name]) => name),
      ['out_proj.lora_A', 'out_proj.lora_B', 'in_proj.lora_A', 'in_proj.lora_B'],
    )
    grads.push((await Promise.all(trained.map(([, p]) => numbers(p.grad!)))).flat())
  }
  await close(t, grads[0]!, grads[1]!)
})
const FIXED = attention({ enableLora: [true, false, true] })

test('lora.MultiheadAttention: bias modes count in_proj_bias as a bias', (t) => {
  const model = new nn.Sequential(attention())
  t.deepEqual(
    Object.keys(lora.loraStateDict(model, 'lora_only')).filter((key) => key.endsWith('bias')),
    ['0.in_proj_bias', '0.out_proj.bias'],
  )
})

class Block extends nn.Module {
  self_attn = new nn.MultiheadAttention(C, H, { batchFirst: true })
  fc = new nn.Linear(C, C)
  override forward(q: Tensor): Tensor {
    return this.fc.forward(this.self_attn.forward(q, q, q, { needWeights: false })[0])
  }
}

test('injectLora and mergeAndUnload: an attention as a whole, or its out_proj alone', async (t) => {
  const q = filled([B, T, C], 0.37)
  const model = new nn.Sequential(new Block())
  const want = await numbers(model.forward(q))
  const weight = (model.at(0) as Block).self_attn.in_proj_weight
  t.deepEqual(lora.injectLora(model, { targets: /attn/, r: 2, enableLora: [true, false, true], out: false }), [
    '0.self_attn',
  ])
  const layer = (model.at(0) as Block).self_attn as unknown as lora.MultiheadAttention
  t.is(layer.in_proj_weight, weight)
  t.deepEqual([layer.batchFirst, layer.in_proj!.enableLora], [true, [true, false, true]])
  await close(t, model.forward(q), want)
  lora.noGrad(() => layer.in_proj!.loraB!.fill_(0.1))
  const adapted = await numbers(model.forward(q))
  lora.mergeAll(model)
  t.true(layer.merged)
  await close(
    t,
    lora.noGrad(() => model.forward(q)),
    adapted,
  )
  t.deepEqual(lora.mergeAndUnload(model), ['0.self_attn'])
  const keys = [
    '0.self_attn.in_proj_weight',
    '0.self_attn.in_proj_bias',
    '0.self_attn.out_proj.weight',
    '0.self_attn.out_proj.bias',
    '0.fc.weight',
    '0.fc.bias',
  ]
  t.deepEqual(Object.keys(model.stateDict()), keys)
  await close(t, model.forward(q), adapted)
  t.deepEqual(lora.injectLora(model, { targets: 'out_proj', r: 2 }), ['0.self_attn.out_proj'])
  await close(t, model.forward(q), adapted)
})

test('lora.MultiheadAttention: to() converts base and keeps the factors wide', async (t) => {
  const layer = attention().to('bf16')
  t.deepEqual(
    [layer.in_proj_weight!.dtype, layer.in_proj!.baseWeight.dtype, layer.in_proj!.loraA!.dtype],
    ['bf16', 'bf16', 'f32'],
  )
  t.is(layer.in_proj!.baseWeight, layer.in_proj_weight!)
  t.is(layer.in_proj!.bias, layer.in_proj_bias)
  await close(t, layer.forward(x())[0], attentionLike(layer).forward(x())[0], 'bf16')
  const wide = attention().to('f64')
  t.deepEqual([wide.in_proj!.baseWeight, wide.in_proj!.bias], [wide.in_proj_weight!, wide.in_proj_bias])
  t.is(wide.forward(x().to('f64'))[0].dtype, 'f64')
})

/** The same layer in f32. */
function attentionLike(layer: lora.MultiheadAttention): lora.MultiheadAttention {
  const made = new lora.MultiheadAttention(C, H, { r: 2, loraAlpha: 4 })
  made.loadStateDict(layer.stateDict())
  return made
}

test('lora.MultiheadAttention: a replaced weight is used, merged or not', async (t) => {
  const layer = attention({ bias: false }).eval()
  const other = attention({ bias: false })
  const state = { ...layer.stateDict(), in_proj_weight: filled([3 * C, C], 0.9) }
  other.loadStateDict(state)
  layer.in_proj_weight = nn.parameter(filled([3 * C, C], 0.9), false)
  await close(t, lora.noGrad(() => layer.forward(x()))[0], other.forward(x())[0])
  await close(t, layer.train().forward(x())[0], other.forward(x())[0])
  await same(t, lora.mergedStateDict(layer)['in_proj_weight']!, lora.mergedStateDict(other)['in_proj_weight']!)
})

test('lora.MultiheadAttention: bad options are errors', (t) => {
  const refused = (options: object, message: RegExp) =>
    t.throws(() => new lora.MultiheadAttention(C, H, options as never), { instanceOf: lora.OptionError, message })
  refused({ r: 2, enableLora: [true, false] }, /three of true and false/)
  refused({ r: 2, enableLora: 'qv' }, /three of true and false/)
  refused({ r: -1, enableLora: [false, false, false], out: false }, /0 or more/)
  refused({ r: 2, blocks: [8, 8, 8] }, /unknown option blocks/)
  t.throws(() => lora.MultiheadAttention.fromLayer(attention() as never, { r: 1 }), { message: /LoRA layer already/ })
})
