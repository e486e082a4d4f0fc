import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { wrongUses } from '../support/errors.js'

const { nn } = lora
const CLASSES = [lora.Conv1d, lora.Conv2d, lora.Conv3d] as const
const PLAIN = [nn.Conv1d, nn.Conv2d, nn.Conv3d] as const
const size = (shape: readonly number[]) => shape.reduce((n, d) => n * d, 1)

/** Every parameter, the factors too, filled with numbers of no pattern. */
function filled<T extends lora.nn.Module>(layer: T): T {
  const state = Object.entries(layer.stateDict()).map(([key, tensor], i) => {
    const dtype = tensor.dtype === 'f64' ? 'f64' : 'f32'
    return [key, lora.tensor(wave(tensor.numel, 0.7 + i / 3, 0.5), { dtype }).reshape([...tensor.shape])]
  })
  layer.loadStateDict(Object.fromEntries(state))
  return layer
}

const input = (dims: number, channels: number, n = 2) => {
  const shape = [n, channels, ...Array.from({ length: dims }, (_, d) => 4 + d)]
  return lora.tensor(wave(size(shape), 0.4)).reshape(shape)
}

test('lora.Conv: shapes of the factors, keys, and what is trainable at first', (t) => {
  for (const [d, Conv] of CLASSES.entries()) {
    const layer = new Conv(4, 6, 3, { r: 2, groups: 2 })
    const shapes = Object.entries(layer.stateDict()).map(([key, tensor]) => [key, tensor.shape])
    t.deepEqual(shapes, [
      ['weight', [6, 2, ...Array.from({ length: d + 1 }, () => 3)]],
      ['bias', [6]],
      ['lora_A', [6, 12]],
      ['lora_B', [3 * 3 ** d, 6]],
    ])
    const trainable = [...layer.namedParameters()].filter(([, p]) => p.requiresGrad).map(([key]) => key)
    t.deepEqual(trainable, ['bias', 'lora_A', 'lora_B'])
  }
})

test('lora.Conv: equals the plain convolution with W + scaling · BA laid over it, number by number', async (t) => {
  for (const [d, Conv] of CLASSES.entries()) {
    const options = { padding: 1, groups: 2, stride: 2 }
    const layer = filled(new Conv(4, 6, 3, { r: 2, loraAlpha: 4, ...options }))
    const [a, b] = [await layer.loraA!.tolist(), await layer.loraB!.tolist()] as [number[][], number[][]]
    const update = b.flatMap((row) => a[0]!.map((_, j) => row.reduce((sum, v, i) => sum + v * a[i]![j]!, 0)))
    const w = await numbers(layer.weight)
    const merged = lora.tensor(w.map((v, i) => v + 2 * update[i]!)).reshape([...layer.weight.shape])
    const plain = new PLAIN[d]!(4, 6, 3, { ...options, weight: merged, bias: layer.bias! })
    const x = input(d + 1, 4)
    await close(t, layer.forward(x), plain.forward(x))
    await close(t, layer.eval().weight, merged)
    await close(t, layer.forward(x), plain.forward(x))
  }
})

test('lora.Conv2d: a new layer equals its base to the bit; r 0 is the plain layer, with any kernel', async (t) => {
  const layer = new lora.Conv2d(3, 8, 3, { r: 4, padding: 1 })
  const base = new nn.Conv2d(3, 8, 3, { padding: 1, weight: layer.weight, bias: layer.bias! })
  const x = input(2, 3)
  await same(t, layer.forward(x), base.forward(x))
  const plain = new lora.Conv2d(3, 8, [3, 1], { padding: [1, 0] })
  t.deepEqual(Object.keys(plain.stateDict()), ['weight', 'bias'])
  t.true(plain.weight.requiresGrad)
  t.deepEqual(plain.forward(x).shape, [2, 8, 4, 5])
})

test('lora.Conv2d: training reaches the factors and, unfrozen, the weight; the frozen weight gets no gradient', async (t) => {
  const layer = filled(new lora.Conv2d(2, 4, 3, { r: 1, padding: 1 }))
  await layer.forward(input(2, 2)).square().mean().backward()
  t.is(layer.weight.grad, null)
  const grads = [layer.loraA!.grad!, layer.loraB!.grad!, layer.bias!.grad!]
  for (const grad of grads) t.true((await numbers(grad)).some((v) => v !== 0))
  layer.weight.requiresGrad = true
  await layer.forward(input(2, 2)).square().mean().backward()
  t.deepEqual(layer.weight.grad!.shape, [4, 2, 3, 3])
})

test('lora.Conv2d: dropout works on the update alone, in training alone, and its mean is the layer without', async (t) => {
  const layer = filled(new lora.Conv2d(2, 4, 3, { r: 1, loraDropout: 0.5, padding: 1 }))
  const x = input(2, 2, 1)
  const runs: number[][] = []
  for (let i = 0; i < 400; i++) {
    lora.manualSeed(i)
    runs.push(await numbers(lora.noGrad(() => layer.forward(x))))
  }
  t.notDeepEqual(runs[0], runs[1])
  const want = await numbers(lora.noGrad(() => layer.eval().forward(x)))
  for (const [i, value] of want.entries()) {
    const mean = runs.reduce((sum, run) => sum + run[i]!, 0) / runs.length
    const variance = runs.reduce((sum, run) => sum + (run[i]! - mean) ** 2, 0) / (runs.length - 1)
    t.true(Math.abs(mean - value) <= 5 * Math.sqrt(variance / runs.length) + 1e-5, `element ${i}`)
  }
  lora.manualSeed(3)
  t.deepEqual(await numbers(layer.forward(x)), want)
})

test('lora.Conv2d: a replaced dropout, and a dropout of 0, give the same numbers both ways', async (t) => {
  const layer = filled(new lora.Conv2d(4, 4, 3, { r: 1, groups: 2, paddingMode: 'circular', padding: 1 }))
  const x = input(2, 4)
  const fused = await numbers(layer.forward(x))
  layer.loraDropout = (input) => input
  await close(t, layer.forward(x), fused)
})

test('lora.Conv2d: half-precision bases, input f32 or as the base; factors stay f32', async (t) => {
  const layer = filled(new lora.Conv2d(2, 4, 3, { r: 1 }))
  const x = input(2, 2)
  const want = await numbers(layer.forward(x))
  layer.to('bf16')
  t.deepEqual([layer.weight.dtype, layer.loraA!.dtype, layer.bias!.dtype], ['bf16', 'f32', 'f32'])
  await close(t, layer.forward(x), want, 'bf16')
  const y = layer.forward(x.to('bf16'))
  t.is(y.dtype, 'bf16')
  await close(t, y.to('f32'), want, 'bf16')
  await close(t, layer.eval().forward(x), want, 'bf16')
  t.is(layer.weight.dtype, 'bf16')
})

test('lora.Conv2d: reads weight and conv.weight, writes weight; of two the later counts', async (t) => {
  const layer = new lora.Conv2d(1, 1, 1, { r: 1 })
  const value = (v: number) => lora.full([1, 1, 1, 1], v)
  const rest = { lora_A: lora.ones([1, 1]), lora_B: lora.ones([1, 1]) }
  layer.loadStateDict({ ...rest, 'conv.weight': value(3), 'conv.bias': lora.ones([1]) })
  t.deepEqual(await layer.weight.tolist(), [[[[3]]]])
  layer.loadStateDict({
    weight: value(4),
    bias: lora.ones([1]),
    ...rest,
    'conv.weight': value(5),
    'conv.bias': lora.ones([1]),
  })
  t.deepEqual(await layer.weight.tolist(), [[[[5]]]])
  t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias', 'lora_A', 'lora_B'])
  const model = new nn.Sequential(layer)
  const report = model.loadStateDict({ '0.conv.weight': value(6) }, { strict: false })
  t.deepEqual(report, { missingKeys: ['0.bias', '0.lora_A', '0.lora_B'], unexpectedKeys: [] })
})

test('loralibStateDict: convolutions under the keys of loralib 0.1.2, all else as it is', async (t) => {
  const model = new nn.Sequential(
    new lora.Conv1d(2, 4, 3, { r: 2 }),
    new nn.Conv2d(4, 4, 1),
    new lora.Conv2d(4, 2, 1, { r: 0, bias: false }),
    new lora.Linear(3, 5, { r: 1 }),
  )
  const whole = lora.loralibStateDict(model)
  t.deepEqual(Object.keys(whole), [
    ...['0.conv.weight', '0.conv.bias', '0.lora_A', '0.lora_B', '1.weight', '1.bias', '2.conv.weight'],
    ...['3.weight', '3.bias', '3.lora_A', '3.lora_B'],
  ])
  const own = model.stateDict()
  t.is(whole['0.conv.weight'], own['0.weight'])
  t.is(whole['3.lora_A'], own['3.lora_A'])
  const adapter = lora.loralibStateDict(model, lora.loraStateDict(model, 'all'))
  t.deepEqual(Object.keys(adapter), ['0.conv.bias', '0.lora_A', '0.lora_B', '1.bias', '3.bias', '3.lora_A', '3.lora_B'])
  const other = lora.cloneModule(model)
  lora.noGrad(() => other.parameters().forEach((parameter) => parameter.fill_(0)))
  other.loadStateDict(whole)
  for (const [key, tensor] of Object.entries(other.stateDict()))
    t.deepEqual(await numbers(tensor), await numbers(own[key]!))
})

test('lora.Conv: fromLayer and injectLora take the weight itself; mergeAndUnload gives the plain layer back', async (t) => {
  const model = new nn.Sequential(
    new nn.Conv2d(2, 4, 3, { padding: 'same', paddingMode: 'reflect' }),
    new nn.Conv2d(4, 4, [3, 1], { padding: [1, 0] }),
    new nn.Conv2d(4, 4, 2, { padding: 'same', groups: 2 }),
  )
  const x = input(2, 2)
  const before = await numbers(model.forward(x))
  const { weight } = model.getSubmodule('0') as lora.nn.Conv2d
  t.deepEqual(lora.injectLora(model, { targets: ['0', '2'], r: 1 }), ['0', '2'])
  const first = model.getSubmodule('0') as lora.Conv2d
  t.true(first instanceof lora.Conv2d)
  t.is(first.weight, weight)
  t.false(weight.requiresGrad)
  t.deepEqual(await numbers(model.forward(x)), before)
  filled(first)
  filled(model.getSubmodule('2'))
  const adapted = await numbers(model.forward(x))
  lora.mergeAndUnload(model)
  t.true(model.getSubmodule('2') instanceof nn.Conv2d)
  await close(t, model.forward(x), adapted)
  const error = t.throws(() => lora.injectLora(model, { targets: '1', r: 1 }), { instanceOf: lora.OptionError })
  t.regex(error!.message, /one kernel size/)
})

test('lora.Conv1d: a list of one size is that size', (t) => {
  t.deepEqual(new lora.Conv1d(2, 4, [3], { r: 2 }).loraB!.shape, [4, 6])
})

wrongUses('lora.Conv', [
  [
    'a list as the kernel of two dimensions',
    () => new lora.Conv2d(3, 4, [3, 3], { r: 2 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /one integer/, hint: /write 3/ },
  ],
  [
    'a rank that is no integer',
    () => new lora.Conv2d(3, 4, 3, { r: 1.5 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /an integer/ },
  ],
  [
    'a misspelt option',
    () => new lora.Conv2d(3, 4, 3, { strides: 2 } as object),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { hint: /stride/ },
  ],
  [
    'another layer to take over',
    () => lora.Conv2d.fromLayer(new nn.Linear(2, 2) as never, { r: 1 }),
    lora.OptionError,
    'ERR_LORA_OPTION',
    { expected: /nn\.Conv2d/ },
  ],
])

test('a printed LoRA layer lists its dropout only when it drops something', (t) => {
  t.is(String(new lora.Conv2d(3, 8, 3, { r: 2 })).split('\n').length, 1)
  t.regex(String(new lora.Linear(4, 4, { r: 2, loraDropout: 0.1 })), /\(loraDropout\): Dropout\(p 0\.1\)/)
})
