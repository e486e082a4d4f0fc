import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora
const X = () => lora.tensor(rows(wave(8, 0.4), 4))

function fused(options: object = {}): lora.MergedLinear {
  const blocks = { blocks: [4, 2, 3], enableLora: [true, false, true] }
  const layer = new lora.MergedLinear(4, 9, { r: 2, loraAlpha: 6, ...blocks, ...options })
  lora.noGrad(() => layer.loraB!.copy_(lora.tensor(rows(wave(14, 1.3), 2))))
  return layer
}

async function joined(layers: lora.Linear[]): Promise<number[]> {
  const outputs = lora.noGrad(() => layers.map((layer) => layer.forward(X())))
  return numbers(lora.cat(outputs, 1))
}

test('split: a lora.Linear for each block computes what the fused layer does, merged or not', async (t) => {
  for (const fanInFanOut of [false, true]) {
    const layer = fused({ fanInFanOut })
    const parts = layer.split()
    t.deepEqual(
      parts.map((part) => [part.outFeatures, part.r]),
      [
        [4, 2],
        [2, 0],
        [3, 2],
      ],
    )
    t.true(parts.every((part) => !part.weight.requiresGrad && part.fanInFanOut === fanInFanOut))
    await close(t, await joined(parts), layer.forward(X()))
    const merged = layer.eval().split()
    t.deepEqual(
      merged.map((part) => part.merged),
      [true, false, true],
    )
    await close(
      t,
      await joined(merged),
      lora.noGrad(() => layer.forward(X())),
    )
  }
})

test('split: the parts are copies', async (t) => {
  const layer = fused()
  const before = await numbers(layer.weight)
  const [q] = layer.split()
  lora.noGrad(() => q!.weight.fill_(0))
  await same(t, layer.weight, before)
})

test('fromLinears: the way back gives the fused layer, bit for bit', async (t) => {
  for (const options of [{}, { fanInFanOut: true, bias: false }]) {
    const layer = fused(options)
    const again = lora.MergedLinear.fromLinears(layer.split())
    t.deepEqual([again.enableLora, again.blocks, again.scaling], [layer.enableLora, layer.blocks, layer.scaling])
    const [got, want] = [again.stateDict(), layer.stateDict()]
    t.deepEqual(Object.keys(got), Object.keys(want))
    for (const [key, tensor] of Object.entries(want)) await same(t, got[key]!, tensor)
    t.deepEqual(
      Object.values(got).map((tensor) => tensor.requiresGrad),
      Object.values(want).map((tensor) => tensor.requiresGrad),
    )
  }
})

test('fromLinears: plain layers become blocks that are not enabled, a missing bias counts as zeros', async (t) => {
  const [q, k] = [new lora.Linear(4, 3, { r: 2, loraDropout: 0.2 }).eval(), new nn.Linear(4, 3, { bias: false })]
  const layer = lora.MergedLinear.fromLinears([q.unmerge(), k])
  t.deepEqual([layer.enableLora, (layer.loraDropout as lora.nn.Dropout).p], [[true, false], 0.2])
  await close(t, layer.forward(X()), lora.cat([q.forward(X()), k.forward(X())], 1))
})

test('fromLinears: layers that do not go together are errors that say what differs', (t) => {
  const refused = (layers: unknown, message: RegExp) =>
    t.throws(() => lora.MergedLinear.fromLinears(layers as never), { instanceOf: lora.OptionError, message })
  const make = (options: object, inFeatures = 4) => new lora.Linear(inFeatures, 3, { r: 2, ...options })
  refused([], /list/)
  refused([make({}), new nn.Embedding(4, 3)], /list/)
  refused([make({}), make({}, 5)], /inFeatures differs.*4, 5/s)
  refused([make({}), make({ r: 3 })], /\br differs/)
  refused([make({}), make({ loraAlpha: 3 })], /scaling differs/)
  refused([make({}), make({ loraDropout: 0.1 })], /loraDropout differs/)
  refused([make({}), make({ fanInFanOut: true })], /layout/)
  refused([make({}), make({ dtype: 'bf16' })], /element type differs.*f32, bf16/s)
  t.notThrows(() => lora.MergedLinear.fromLinears([make({}), new nn.Linear(4, 7)]))
})
