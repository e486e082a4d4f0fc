// nn.TransformerEncoder and its layer against numbers of PyTorch: transformer.json, which transformer.py has recorded.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, numbers, wave } from '../support/close.js'

const { nn } = lora
const [T, B, C, H, F] = [4, 2, 8, 2, 12]

interface Recorded {
  layers: number
  batch_first?: boolean
  unbatched?: boolean
  norm?: boolean
  causal?: boolean
  padding?: number[][]
  pairs?: boolean[][]
  added?: boolean
  added_heads?: boolean
  options?: { norm_first?: boolean; activation?: 'gelu'; bias?: boolean; layer_norm_eps?: number }
  keys: string[]
  y: number[]
  dx: number[]
  dw: number[]
}

const file = fileURLToPath(new URL('../../__test__/nn/transformer.json', import.meta.url))
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Recorded[] }

const filled = (shape: readonly number[], step: number, scale = 1): Tensor =>
  lora.tensor(
    Float64Array.from(
      wave(
        shape.reduce((a, b) => a * b, 1),
        step,
        scale,
      ),
    ),
    { shape: [...shape] },
  )

function fill(module: lora.nn.Module): void {
  const state = Object.entries(module.stateDict())
  module.loadStateDict(Object.fromEntries(state.map(([key, { shape }], i) => [key, filled(shape, 0.7 + 0.2 * i, 0.4)])))
}

const bool = (rows: readonly (readonly (number | boolean)[])[]) => lora.tensor(rows.map((row) => row.map(Boolean)))

function layerOf({ options = {}, batch_first: batchFirst = false }: Recorded): lora.nn.TransformerEncoderLayer {
  const { norm_first: normFirst, activation, bias, layer_norm_eps: layerNormEps } = options
  const given = { normFirst, activation, bias, layerNormEps }
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return new nn.TransformerEncoderLayer(C, H, { dimFeedforward: F, batchFirst, dtype: 'f64', ...known })
}

function forward(recorded: Recorded, x: Tensor) {
  const layer = layerOf(recorded)
  const { padding, pairs, added, added_heads: heads, causal: isCausal = false } = recorded
  const mask = pairs ? bool(pairs) : added ? filled([T, T], 0.9) : heads ? filled([B * H, T, T], 0.9) : null
  const srcKeyPaddingMask = padding ? bool(padding) : null
  if (recorded.layers === 0) {
    fill(layer)
    return { module: layer, y: layer.eval().forward(x, { srcMask: mask, srcKeyPaddingMask, isCausal }) }
  }
  const norm = recorded.norm ? new nn.LayerNorm(C, { dtype: 'f64' }) : null
  const encoder = new nn.TransformerEncoder(layer, recorded.layers, { norm })
  fill(encoder)
  return { module: encoder, y: encoder.eval().forward(x, { mask, srcKeyPaddingMask, isCausal }) }
}

for (const [i, recorded] of cases.entries()) {
  const { keys, y: wanted, dx, dw, ...spec } = recorded
  test(`nn.TransformerEncoder ${i} ${JSON.stringify(spec)}: PyTorch's keys, outputs and gradients`, async (t) => {
    const shape = spec.unbatched ? [T, C] : spec.batch_first ? [B, T, C] : [T, B, C]
    const x = filled(shape, 0.37)
    x.requiresGrad = true
    const { module, y } = forward(recorded, x)
    t.deepEqual(Object.keys(module.stateDict()), keys)
    t.deepEqual(y.shape, shape)
    await close(t, y, wanted, 'f64')
    await y.mul(filled(shape, 0.23)).sum().backward()
    await close(t, x.grad!, dx, 'f64')
    await close(t, module.parameters()[0]!.grad!, dw, 'f64')
  })
}

test('nn.TransformerEncoder: the layers are independent copies with the values of the one given', async (t) => {
  const layer = new nn.TransformerEncoderLayer(C, H, { dimFeedforward: F })
  const encoder = new nn.TransformerEncoder(layer, 2)
  const [a, b] = [...encoder.layers] as [lora.nn.TransformerEncoderLayer, lora.nn.TransformerEncoderLayer]
  t.deepEqual(await numbers(a.stateDict()['linear1.weight']!), await numbers(b.stateDict()['linear1.weight']!))
  t.not(a.stateDict()['linear1.weight'], b.stateDict()['linear1.weight'])
  t.is(encoder.parameters().length, 2 * layer.parameters().length)
})

test('nn.TransformerEncoderLayer: dropout in training alone; functions and modules as activation', async (t) => {
  const x = filled([T, B, C], 0.37).to('f32')
  const layer = new nn.TransformerEncoderLayer(C, H, { dimFeedforward: F, dropout: 0.5 })
  const [a, b] = [await numbers(layer.forward(x)), await numbers(layer.forward(x))]
  t.notDeepEqual(a, b)
  layer.eval()
  t.deepEqual(await numbers(layer.forward(x)), await numbers(layer.forward(x)))
  const activations = ['gelu', (y: Tensor) => y.gelu(), new nn.GELU()] as const
  const outputs = activations.map((activation) => {
    const one = new nn.TransformerEncoderLayer(C, H, { dimFeedforward: F, activation }).eval()
    fill(one)
    return one.forward(x)
  })
  await close(t, outputs[1]!, outputs[0]!)
  await close(t, outputs[2]!, outputs[0]!)
})

test('nn.TransformerEncoder: LoRA finds its layers', (t) => {
  const encoder = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(C, H, { dimFeedforward: F }), 2)
  const paths = lora.injectLora(encoder, { targets: ['linear1', 'self_attn'], r: 2 })
  t.deepEqual(paths, ['layers.0.self_attn', 'layers.0.linear1', 'layers.1.self_attn', 'layers.1.linear1'])
  t.deepEqual(encoder.forward(lora.zeros([T, B, C])).shape, [T, B, C])
})

test('nn.TransformerEncoder: what does not fit is refused', (t) => {
  const refused = (make: () => unknown, message: RegExp) => t.throws(make, { instanceOf: lora.OptionError, message })
  refused(() => new nn.TransformerEncoderLayer(8, 3), /nhead/)
  refused(() => new nn.TransformerEncoderLayer(8, 0), /nhead/)
  refused(() => new nn.TransformerEncoderLayer(8, 2, { batch_first: true } as never), /write batchFirst/)
  refused(() => new nn.TransformerEncoderLayer(8, 2, 2048 as never), /options/)
  refused(() => new nn.TransformerEncoder({} as never, 2), /encoderLayer/)
  const layer = new nn.TransformerEncoderLayer(8, 2)
  refused(() => new nn.TransformerEncoder(layer, 0), /numLayers/)
  refused(() => new nn.TransformerEncoder(layer, 2, { enable_nested_tensor: false } as never), /enable_nested_tensor/)
  refused(() => layer.forward(lora.zeros([4, 2, 8]), { mask: null } as never), /write srcMask|mask/)
  t.throws(() => layer.forward(lora.zeros([4, 2, 6])), { instanceOf: lora.ShapeError })
  const wrong = lora.zeros([3, 3])
  t.throws(() => layer.forward(lora.zeros([4, 2, 8]), { srcMask: wrong }), { instanceOf: lora.ShapeError })
})
