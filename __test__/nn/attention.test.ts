import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, wave } from '../support/close.js'
import { gradientsMeetDifferences } from '../support/gradients.js'

const { scaledDotProductAttention } = lora.nn.functional

const cube = (shape: number[], step: number) =>
  lora
    .tensor(
      wave(
        shape.reduce((a, b) => a * b),
        step,
      ),
    )
    .reshape(shape)

/** softmax(q kᵀ / √D + bias) v, with everything formed. */
function plain(q: Tensor, k: Tensor, v: Tensor, bias?: Tensor): Tensor {
  let scores = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(q.shape.at(-1)!))
  if (bias) scores = scores.add(bias)
  return scores.softmax(-1).matmul(v)
}

const BANNED = -1e30

test('scaledDotProductAttention: as the formula, with masks, causal, and both layouts', async (t) => {
  const [q, k, v] = [cube([2, 3, 4, 5], 0.7), cube([2, 3, 4, 5], 0.9), cube([2, 3, 4, 5], 1.3)]
  await close(t, scaledDotProductAttention(q, k, v), plain(q, k, v))
  const lower = lora.tensor(
    Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (_, j) => (j <= i ? 0 : BANNED))),
  )
  await close(t, scaledDotProductAttention(q, k, v, { isCausal: true }), plain(q, k, v, lower))
  const allowed = lora
    .tensor([
      [true, true, false, true],
      [true, false, true, true],
    ])
    .reshape([2, 1, 1, 4])
  const bias = lora.where(allowed, lora.tensor(0), lora.tensor(BANNED))
  await close(t, scaledDotProductAttention(q, k, v, { mask: allowed }), plain(q, k, v, bias))
  const [qt, kt, vt] = [q, k, v].map((x) => x.transpose(1, 2)) as [Tensor, Tensor, Tensor]
  const y = scaledDotProductAttention(qt, kt, vt, { isCausal: true, layout: 'BTHD' })
  await close(t, y.transpose(1, 2), plain(q, k, v, lower))
})

test('scaledDotProductAttention: new tokens behind a cache see the keys that count', async (t) => {
  const [q, k, v] = [cube([1, 2, 2, 4], 0.7), cube([1, 2, 6, 4], 0.9), cube([1, 2, 6, 4], 1.3)]
  const lengths = lora.tensor(new Int32Array([5]))
  const y = scaledDotProductAttention(q, k, v, { isCausal: 'bottom-right', lengths })
  const bias = lora.tensor([
    [0, 0, 0, 0, BANNED, BANNED],
    [0, 0, 0, 0, 0, BANNED],
  ])
  await close(t, y, plain(q, k, v, bias))
})

test('scaledDotProductAttention: grouped heads need enableGqa', async (t) => {
  const [q, k, v] = [cube([1, 4, 3, 2], 0.7), cube([1, 2, 3, 2], 0.9), cube([1, 2, 3, 2], 1.3)]
  t.throws(() => scaledDotProductAttention(q, k, v), { instanceOf: lora.OptionError, message: /enableGqa/ })
  const repeat = (x: Tensor) => x.unsqueeze(2).expand([1, 2, 2, 3, 2]).reshape([1, 4, 3, 2])
  await close(t, scaledDotProductAttention(q, k, v, { enableGqa: true }), plain(q, repeat(k), repeat(v)))
})

/** Zeros where query i sees key j. */
const banned = (rows: number, keys: number, sees: (i: number, j: number) => boolean) =>
  lora.tensor(Array.from({ length: rows }, (_, i) => Array.from({ length: keys }, (_, j) => (sees(i, j) ? 0 : BANNED))))

test('scaledDotProductAttention: a window masks earlier tokens, softcap limits the scores', async (t) => {
  const [q, k, v] = [cube([1, 2, 7, 4], 0.7), cube([1, 2, 7, 4], 0.9), cube([1, 2, 7, 4], 1.3)]
  const near = banned(7, 7, (i, j) => j <= i && j > i - 3)
  await close(t, scaledDotProductAttention(q, k, v, { isCausal: true, window: 3 }), plain(q, k, v, near))
  const around = banned(7, 7, (i, j) => Math.abs(i - j) < 3)
  await close(t, scaledDotProductAttention(q, k, v, { window: 3 }), plain(q, k, v, around))
  const last = q.narrow(2, 5, 2) // at places 5 and 6
  const behind = scaledDotProductAttention(last, k, v, { isCausal: 'bottom-right', window: 3 })
  await close(
    t,
    behind,
    plain(
      last,
      k,
      v,
      banned(2, 7, (i, j) => j <= 5 + i && j > 2 + i),
    ),
  )
  const whole = scaledDotProductAttention(q, k, v, { isCausal: true })
  await close(t, scaledDotProductAttention(q, k, v, { isCausal: true, window: 1000 }), whole)
  const bent = q.matmul(k.transpose(-2, -1)).mul(0.9).div(0.4).tanh().mul(0.4)
  const want = bent.add(near).softmax(-1).matmul(v)
  await close(t, scaledDotProductAttention(q, k, v, { isCausal: true, window: 3, softcap: 0.4, scale: 0.9 }), want)
})

test('scaledDotProductAttention: gradients with a window and softcap meet differences', async (t) => {
  const inputs = [0.7, 0.9, 1.3].map((step) => ({ values: wave(20, step), shape: [1, 1, 5, 4] }))
  for (const isCausal of [true, false]) {
    const attend = (q: Tensor, k: Tensor, v: Tensor) =>
      scaledDotProductAttention(q, k, v, { isCausal, window: 2, softcap: 0.6 })
    await gradientsMeetDifferences(t, attend as (...x: Tensor[]) => Tensor, inputs)
  }
})

test('scaledDotProductAttention: windows and caps out of range are refused', (t) => {
  const x = cube([1, 1, 3, 4], 0.7)
  for (const window of [0, 1.5, -2])
    t.throws(() => scaledDotProductAttention(x, x, x, { window }), { instanceOf: lora.OptionError, message: /window/ })
  for (const softcap of [0, -1, NaN])
    t.throws(() => scaledDotProductAttention(x, x, x, { softcap }), {
      instanceOf: lora.OptionError,
      message: /softcap/,
    })
})
