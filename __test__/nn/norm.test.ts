import test from 'ava'
import * as lora from 'loralib'
import { close, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora

const meanOf = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length

function layerNormRow(x: number[], eps: number): number[] {
  const mean = meanOf(x)
  const variance = meanOf(x.map((v) => (v - mean) ** 2))
  return x.map((v) => (v - mean) / Math.sqrt(variance + eps))
}

test('nn.LayerNorm: mean 0 and variance 1 over the last dimension, then weight and bias (f32, f64)', async (t) => {
  for (const dtype of ['f32', 'f64'] as const) {
    const norm = new nn.LayerNorm(6, { eps: 1e-3, dtype })
    norm.loadStateDict({ weight: lora.tensor(wave(6), { dtype }), bias: lora.tensor(wave(6, 2), { dtype }) })
    const want = rows(wave(12, 0.9), 6).map((row) =>
      layerNormRow(row, 1e-3).map((v, i) => v * wave(6)[i]! + wave(6, 2)[i]!),
    )
    await close(t, norm.forward(lora.tensor(rows(wave(12, 0.9), 6), { dtype })), want.flat(), dtype)
  }
})

test('nn.LayerNorm: over several last dimensions', async (t) => {
  const norm = new nn.LayerNorm([2, 3])
  const want = rows(wave(12), 6).flatMap((row) => layerNormRow(row, 1e-5))
  await close(t, norm.forward(lora.tensor(wave(12)).reshape([2, 2, 3])), want)
  t.throws(() => norm.forward(lora.zeros([2, 3, 2])), { instanceOf: lora.ShapeError })
})

test('nn.RMSNorm: x / √(mean x² + eps) · weight', async (t) => {
  const norm = new nn.RMSNorm(4, { eps: 1e-2 })
  const want = rows(wave(8), 4).flatMap((row) => {
    const rms = Math.sqrt(meanOf(row.map((v) => v * v)) + 1e-2)
    return row.map((v) => v / rms)
  })
  await close(t, norm.forward(lora.tensor(rows(wave(8), 4))), want)
})

test('norms: parameters by option', (t) => {
  t.deepEqual(Object.keys(new nn.LayerNorm(3).stateDict()), ['weight', 'bias'])
  t.deepEqual(Object.keys(new nn.LayerNorm(3, { bias: false }).stateDict()), ['weight'])
  t.deepEqual(Object.keys(new nn.LayerNorm(3, { elementwiseAffine: false }).stateDict()), [])
  t.deepEqual(Object.keys(new nn.RMSNorm(3).stateDict()), ['weight'])
  t.is(new nn.LayerNorm(3, { dtype: 'bf16' }).weight!.dtype, 'f32')
})
