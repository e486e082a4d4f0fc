import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora
const X = () => lora.tensor(rows(wave(8, 0.4), 4))

test('fromLayer: takes the tensors themselves, frozen weight, bias as it was, same outputs', async (t) => {
  for (const plain of [new nn.Linear(4, 6), new nn.TransposedLinear(4, 6), new nn.Linear(4, 6, { bias: false })]) {
    const want = await numbers(plain.forward(X()))
    const { weight, bias } = plain.eval()
    const layer = lora.Linear.fromLayer(plain, { r: 2, loraAlpha: 4, loraDropout: 0.1 })
    t.is(layer.weight, weight)
    t.is(layer.bias, bias)
    t.deepEqual([layer.r, layer.scaling, layer.training, layer.merged], [2, 2, false, false])
    t.is(layer.fanInFanOut, plain instanceof nn.TransposedLinear)
    t.deepEqual([weight.requiresGrad, bias?.requiresGrad ?? true], [false, true])
    await close(t, layer.forward(X()), want)
  }
})

test('fromLayer: MergedLinear takes blocks, Embedding the options of the table', async (t) => {
  const fused = lora.MergedLinear.fromLayer(new nn.TransposedLinear(4, 6), {
    r: 1,
    blocks: [4, 2],
    enableLora: [true, false],
  })
  t.deepEqual([fused.loraB!.shape, fused.fanInFanOut], [[4, 1], true])
  const table = new nn.Embedding(5, 3, { paddingIdx: 2, maxNorm: 1, normType: 1, scaleGradByFreq: true })
  const layer = lora.Embedding.fromLayer(table, { r: 2 })
  t.is(layer.weight, table.weight)
  t.deepEqual([layer.paddingIdx, layer.maxNorm, layer.normType, layer.scaleGradByFreq], [2, 1, 1, true])
  const ids = lora.tensor(new Int32Array([4, 0]))
  await close(t, layer.forward(ids), table.forward(ids))
})

test('fromLayer: keeps the element type, and r 0 leaves the weight trainable', (t) => {
  const half = lora.Linear.fromLayer(new nn.Linear(4, 3, { dtype: 'bf16' }), { r: 1 })
  t.deepEqual([half.weight.dtype, half.loraA!.dtype], ['bf16', 'f32'])
  t.true(lora.Linear.fromLayer(new nn.Linear(4, 3)).weight.requiresGrad)
})

class Doubled extends nn.Linear {
  override forward(x: lora.Tensor): lora.Tensor {
    return super.forward(x).mul(2)
  }
}

test('fromLayer: another class, a LoRA layer, a class with its own forward, an option of the layer are errors', (t) => {
  const refused = (run: () => unknown, message: RegExp) => t.throws(run, { instanceOf: lora.OptionError, message })
  refused(() => lora.Linear.fromLayer(new nn.Embedding(4, 3) as never, { r: 1 }), /nn\.Linear or nn\.TransposedLinear/)
  refused(() => lora.Linear.fromLayer(new lora.Linear(4, 3, { r: 1 }) as never, { r: 1 }), /LoRA layer already/)
  refused(() => lora.Linear.fromLayer(new Doubled(4, 3), { r: 1 }), /forward of its own/)
  refused(() => lora.Linear.fromLayer(new nn.Linear(4, 3), { r: 1, bias: false } as never), /unknown option bias/)
  refused(() => lora.Embedding.fromLayer(undefined as never), /nn\.Embedding/)
})
