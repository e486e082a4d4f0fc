// Bugs of loralib's convolutions, by their numbers in docs/porting-from-loralib.md. Each test fails on upstream's behaviour, which
// `npm run proof:bugs` measures.
import { readFileSync } from 'node:fs'
import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { convolution } from '../support/conv.js'
import type { Dense } from '../support/conv.js'
import { product, rows } from '../support/reference.js'

const CLASSES = [lora.Conv1d, lora.Conv2d, lora.Conv3d] as const
const SCALING = 2

function dense(shape: readonly number[], step: number): Dense {
  return {
    values: wave(
      shape.reduce((a, b) => a * b, 1),
      step,
    ),
    shape,
  }
}

const made = ({ values, shape }: Dense) => lora.tensor(new Float32Array(values), { shape })

/** Weight, bias and factors of a convolution with upstream's shapes, and the weight with the update laid over it number by number. */
function parts(inputs: number, outputs: number, kernel: number, dims: number, groups = 1, r = 2) {
  const k = new Array<number>(dims).fill(kernel)
  const weight = dense([outputs, inputs / groups, ...k], 0.7)
  const a = dense([r * kernel, inputs * kernel], 1.1)
  const b = dense([(outputs / groups) * kernel ** (dims - 1), r * kernel], 1.7)
  const delta = product(rows(b.values, r * kernel), rows(a.values, inputs * kernel)).flat()
  const adapted = { values: weight.values.map((v, i) => v + SCALING * delta[i]!), shape: weight.shape }
  return { weight, bias: wave(outputs, 2.3), a, b, delta, adapted }
}

function filled(layer: lora.Conv1d | lora.Conv2d | lora.Conv3d, { weight, bias, a, b }: ReturnType<typeof parts>) {
  layer.loadStateDict({ weight: made(weight), bias: lora.tensor(bias), lora_A: made(a), lora_B: made(b) })
  return layer
}

const infer = (layer: lora.nn.Module, x: lora.Tensor) => lora.noGrad(() => layer.forward(x) as lora.Tensor)
const OPTIONS = { r: 2, loraAlpha: 2 * SCALING }

test('B1: Conv1d, Conv2d and Conv3d with kernels of 1, 2 and 3, unmerged and merged', async (t) => {
  for (const [i, Conv] of CLASSES.entries()) {
    for (const kernel of [1, 2, 3]) {
      const all = parts(2, 3, kernel, i + 1)
      const x = dense([2, 2, ...[5, 4, 3].slice(0, i + 1)], 0.4)
      const layer = filled(new Conv(2, 3, kernel, { ...OPTIONS, padding: 1 }), all)
      t.deepEqual([layer.loraA!.shape, layer.loraB!.shape], [all.a.shape, all.b.shape])
      const want = convolution(x, all.adapted, all.bias, { padding: 1 })
      const y = layer.forward(made(x))
      t.deepEqual(y.shape, want.shape)
      await close(t, y, want.values)
      await close(t, infer(layer.eval(), made(x)), want.values)
      await same(t, layer.train().weight, made(all.weight))
    }
  }
})

test('B2: the update is B A reshaped to the weight, with factors of r·k, and the documentation says so', async (t) => {
  const all = parts(4, 4, 3, 2, 1, 1)
  const layer = filled(new lora.Conv2d(4, 4, 3, { r: 1, loraAlpha: SCALING }), all)
  await close(t, layer.mergedWeight(), all.adapted.values)
  // A rank of 1 gives factors of rank k: the rows of B A, 3 · 4 in number, span 3 dimensions and not 1.
  t.deepEqual(
    [layer.loraA!.shape, layer.loraB!.shape],
    [
      [3, 12],
      [12, 3],
    ],
  )
  const text = readFileSync(new URL('../../types/lora/conv.d.ts', import.meta.url), 'utf8')
  t.regex(text, /\*\*Layout\.\*\*[^]*has rank r·k[^]*not comparable with that of `lora\.Linear`/)
})

test('B3: grouped convolutions with kernels above 1, in one, two and three dimensions', async (t) => {
  for (const [i, Conv] of CLASSES.entries()) {
    const all = parts(4, 6, 3, i + 1, 2)
    const x = dense([1, 4, ...[7, 5, 4].slice(0, i + 1)], 0.4)
    const options = { stride: 2, padding: 1, groups: 2 }
    const layer = filled(new Conv(4, 6, 3, { ...OPTIONS, ...options }), all)
    const want = convolution(x, all.adapted, all.bias, options).values
    await close(t, layer.forward(made(x)), want)
    await close(t, infer(layer.eval(), made(x)), want)
  }
})

test('B4: a kernel of several sizes is an error before anything is made, and says what to do; a plain layer takes it', (t) => {
  const error = t.throws(() => new lora.Conv2d(4, 8, [3, 5], { r: 2 }), { instanceOf: lora.OptionError })
  t.regex(error!.message, /lora\.Conv2d/)
  t.regex(error!.expected, /kernelSize/)
  t.not(error!.hint, '')
  t.deepEqual(new lora.Conv2d(4, 8, [3, 5]).weight.shape, [8, 4, 3, 5])
})

test('B5: dropout acts on the low-rank path, in training alone', async (t) => {
  const all = parts(2, 3, 3, 2)
  const x = dense([1, 2, 5, 5], 0.4)
  const layer = filled(new lora.Conv2d(2, 3, 3, { ...OPTIONS, loraDropout: 0.5, mergeWeights: false }), all)
  const base = convolution(x, all.weight, all.bias).values
  const full = convolution(x, all.adapted, all.bias).values
  lora.manualSeed(1)
  const [first, second] = [await numbers(layer.forward(made(x))), await numbers(layer.forward(made(x)))]
  t.notDeepEqual(first, second)
  await close(t, layer.eval().forward(made(x)), full)
  layer.train().loraDropout = (input) => input.mul(3)
  await close(
    t,
    layer.forward(made(x)),
    full.map((y, i) => base[i]! + 3 * (y - base[i]!)),
  )
})

test("B6: each tensor is written once; upstream's two spellings are read, and the later one counts", async (t) => {
  const all = parts(2, 3, 3, 2)
  const layer = filled(new lora.Conv2d(2, 3, 3, OPTIONS), all)
  t.deepEqual(Object.keys(layer.stateDict()), ['weight', 'bias', 'lora_A', 'lora_B'])
  const model = new lora.nn.Sequential(layer)
  t.deepEqual(Object.keys(lora.loraStateDict(model, 'all')), ['0.bias', '0.lora_A', '0.lora_B'])
  const { weight, bias, ...factors } = layer.stateDict()
  const zero = lora.zeros([3, 2, 3, 3])
  const spellings = {
    '0.1.2': { ...factors, 'conv.weight': weight!, 'conv.bias': bias! },
    head: { weight: weight!, bias: bias!, ...factors, 'conv.weight': weight!, 'conv.bias': bias! },
    'head, where the two differ': { weight: zero, bias: bias!, ...factors, 'conv.weight': weight!, 'conv.bias': bias! },
  }
  for (const [name, dict] of Object.entries(spellings)) {
    const fresh = new lora.Conv2d(2, 3, 3, OPTIONS)
    const { missingKeys, unexpectedKeys } = fresh.loadStateDict(dict)
    t.deepEqual([missingKeys, unexpectedKeys], [[], []], name)
    for (const [key, tensor] of Object.entries(layer.stateDict())) await same(t, fresh.stateDict()[key]!, tensor)
  }
})
