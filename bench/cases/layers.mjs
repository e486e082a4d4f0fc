// Cases f: single layers and the optimizer.
import * as lora from 'loralib'
import { sumAbs } from '../lib/measure.mjs'
import { fillParameter, noise, tokenIds } from '../lib/noise.mjs'

const { nn, optim } = lora

export const layerCases = {
  'f-linear768': { run: (context) => runLinear(context, [1024, 8], 768, 8) },
  'f-linear4096': { run: (context) => runLinear(context, [128], 4096, 16) },
  'f-embedding': { run: runEmbedding },
  'f-merge': { run: runMerge },
  'f-adamw': { run: runAdamW },
}

/** Fills the parameters of a layer by their names, including factors that are 0 in training cases. */
function filled(layer) {
  const tensors = [...layer.namedParameters()].map(([name, { shape }]) => {
    const numbers = new Float32Array(shape.reduce((a, b) => a * b, 1))
    return [name, lora.tensor(fillParameter(numbers, name, shape, 0, { zeroB: false }), { shape })]
  })
  layer.loadStateDict(Object.fromEntries(tensors))
  return layer
}

const gradientSums = async (layer) => {
  const sums = {}
  for (const [name, { grad }] of layer.namedParameters()) if (grad) sums[`sum_abs_d${name}`] = await sumAbs(grad)
  return sums
}

async function runLinear({ measure }, rows, n, r) {
  const adapted = filled(new lora.Linear(n, n, { r, loraAlpha: 2 * r }))
  lora.markOnlyLoraAsTrainable(adapted)
  const frozen = filled(new nn.Linear(n, n)).requiresGrad_(false)
  for (const [name, layer, low] of [
    ['lora.Linear', adapted, 4 * r * n],
    ['frozen nn.Linear', frozen, 0],
  ]) {
    for (const m of rows) await measureLinear(measure, `${name} ${n}x${n} M=${m}`, layer, { m, n, low })
  }
  adapted.eval()
  for (const m of rows) await measureForward(measure, `merged lora.Linear ${n}x${n} M=${m}`, adapted, { m, n, low: 0 })
}

async function measureForward(measure, name, layer, { m, n, low }) {
  const x = lora.tensor(noise('x', [m, n]), { shape: [m, n] })
  const forward = () => lora.noGrad(() => layer.forward(x))
  const gflop = (m * (2 * n * n + low)) / 1e9
  const check = async () => ({ sum_abs_y: await sumAbs(forward()) })
  await measure(() => forward().dispose(), { row: `${name} forward`, micro: true, gflop, check })
}

async function measureLinear(measure, name, layer, { m, n, low }) {
  await measureForward(measure, name, layer, { m, n, low })
  const [x, gy] = ['x', 'gy'].map((stream) => lora.tensor(noise(stream, [m, n]), { shape: [m, n] }))
  x.requiresGrad = true
  const both = () => {
    x.grad = null
    layer.zeroGrad()
    const y = layer.forward(x)
    y.backward(gy)
    y.dispose()
  }
  const gflop = (m * (4 * n * n + 3 * low)) / 1e9
  const check = async () => ({ sum_abs_dx: await sumAbs(x.grad), ...(await gradientSums(layer)) })
  await measure(both, { row: `${name} forward+backward`, micro: true, gflop, check })
}

async function runEmbedding({ measure }) {
  const [V, C, B, T] = [50257, 768, 8, 128]
  const layer = filled(new lora.Embedding(V, C, { r: 8, loraAlpha: 16 }))
  lora.markOnlyLoraAsTrainable(layer)
  const ids = lora.tensor(tokenIds('ids', [B, T], 0, V), { dtype: 'i64' })
  const gy = lora.tensor(noise('gy', [B, T, C]), { shape: [B, T, C] })
  const forward = () => lora.noGrad(() => layer.forward(ids))
  const both = () => {
    layer.zeroGrad()
    const y = layer.forward(ids)
    y.backward(gy)
    y.dispose()
  }
  const sumY = async () => ({ sum_abs_y: await sumAbs(forward()) })
  await measure(() => forward().dispose(), { row: 'forward', micro: true, check: sumY })
  await measure(both, { row: 'forward+backward', micro: true, check: () => gradientSums(layer) })
}

/** The weight is merged when a forward first needs it, so a switch to evaluation mode includes the forward of one row. */
async function runMerge({ measure }) {
  const qkv = { r: 4, loraAlpha: 32, enableLora: [true, false, true], fanInFanOut: true }
  const layers = [
    ['MergedLinear 768->2304 r=4', new lora.MergedLinear(768, 2304, qkv)],
    ['Linear 4096->4096 r=16', new lora.Linear(4096, 4096, { r: 16, loraAlpha: 32 })],
  ]
  for (const [row, layer] of layers) {
    filled(layer)
    const x = lora.zeros([1, layer.inFeatures])
    const step = () => {
      layer.train(!layer.training)
      if (!layer.training) lora.noGrad(() => layer.forward(x)).dispose()
    }
    await measure(step, {
      row,
      micro: true,
      check: async () => ({ sum_abs_merged: await sumAbs(layer.mergedWeight()) }),
    })
  }
}

async function runAdamW({ measure }) {
  const sizes = [
    ['300k in 400 tensors', 400, [1, 768]],
    ['10M in 10 tensors', 10, [1024, 1024]],
  ]
  for (const [label, count, shape] of sizes) {
    const params = Array.from({ length: count }, (_, i) =>
      nn.parameter(lora.tensor(noise(`p${i}`, shape, 0.035), { shape })),
    )
    params.forEach((param, i) => (param.grad = lora.tensor(noise(`g${i}`, shape, 0.001), { shape })))
    const optimizer = new optim.AdamW(params, { lr: 2e-4, weightDecay: 0.01 })
    await optimizer.step()
    let first = 0
    for (const param of params) first += await sumAbs(param, 6)
    const check = () => ({ sum_abs_p_after_1: Number(first.toFixed(3)) })
    await measure(() => void optimizer.step(), { row: `AdamW, ${label}`, micro: true, check })
    await measure(() => optimizer.zeroGrad({ setToNone: false }), { row: `zero_grad in place, ${label}`, micro: true })
  }
}
