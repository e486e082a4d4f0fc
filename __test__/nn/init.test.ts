import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'

const { init } = lora.nn

const moments = (x: number[]) => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  return [mean, Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length)] as const
}

test('nn.init: bounds and moments of the random fills', async (t) => {
  lora.manualSeed(11)
  const w = lora.zeros([200, 100])
  const check = async (bound: number, std: number) => {
    const values = await numbers(w)
    const [mean, spread] = moments(values)
    t.true(values.every((v) => Math.abs(v) <= bound))
    t.true(Math.abs(mean) < 0.05 * std && Math.abs(spread / std - 1) < 0.03, `${mean} ${spread} ${std}`)
  }
  init.kaimingUniform_(w, { a: Math.sqrt(5) })
  await check(0.1, 0.1 / Math.sqrt(3))
  init.xavierUniform_(w)
  await check(Math.sqrt(6 / 300), Math.sqrt(2 / 300))
  init.kaimingNormal_(w, { mode: 'fan_out', nonlinearity: 'relu' })
  await check(Infinity, Math.sqrt(2 / 200))
  init.normal_(w, 0, 0.02)
  await check(Infinity, 0.02)
  init.truncNormal_(w, 0, 1, -2, 2)
  await check(2, 0.8796) // √(1 − 4 φ(2) / (2 Φ(2) − 1))
})

test('nn.init: the same generator seed gives the same numbers, whatever was drawn before', async (t) => {
  const [a, b] = [lora.zeros([40]), lora.zeros([40])]
  init.normal_(a, 0, 1, { generator: new lora.Generator(5) })
  lora.rand([3])
  init.normal_(b, 0, 1, { generator: new lora.Generator(5) })
  await same(t, a, b)
})

test('nn.init: constants, bf16, and what has no fan', async (t) => {
  await same(t, init.ones_(lora.zeros([3])), [1, 1, 1])
  const half = init.normal_(lora.zeros([64], { dtype: 'bf16' }))
  t.is(half.dtype, 'bf16')
  t.true((await numbers(half)).some((v) => v !== 0))
  t.throws(() => init.kaimingUniform_(lora.zeros([3])), { instanceOf: lora.ShapeError })
  t.throws(() => init.kaimingUniform_(lora.zeros([3, 3]), { mode: 'fanIn' as never }), { message: /write 'fan_in'/ })
})
