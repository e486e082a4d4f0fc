// Arguments that nobody takes, and options that are no options, for callers whose code no compiler reads.
import test from 'ava'
import * as lora from 'loralib'

const { nn, optim } = lora
type Loose = new (...args: unknown[]) => unknown
type LooseFunction = (...args: unknown[]) => unknown

const made = (of: unknown, ...args: unknown[]) => new (of as Loose)(...args)
const called = (of: unknown, ...args: unknown[]) => (of as LooseFunction)(...args)
const weight = () => nn.parameter(lora.ones([2, 2]))

const WRONG: [title: string, run: () => unknown, hint: RegExp][] = [
  ['the rank as third argument', () => made(lora.Linear, 8, 8, 4), /new lora\.Linear\(8, 8, \{ r: 4 \}\)/],
  ['an argument behind the options', () => made(lora.Linear, 8, 8, {}, 4), /option/],
  ['the rank of an embedding', () => made(lora.Embedding, 4, 4, 2), /\{ r: 2 \}/],
  ['a learning rate as second argument', () => made(optim.AdamW, [weight()], 1e-3), /\{ lr: 0\.001 \}/],
  ['a stride', () => made(nn.Conv2d, 1, 2, 3, 2), /\{ stride: 2 \}/],
  ['eps of a norm', () => made(nn.LayerNorm, 4, 1e-3), /\{ eps: 0\.001 \}/],
  ['a batch size', () => made(lora.DataLoader, [1, 2], 2), /\{ batchSize: 2 \}/],
  ['an unknown option of a loader', () => made(lora.DataLoader, [1, 2], { batch_size: 2 }), /batchSize/],
  ['inplace of an activation', () => made(nn.ReLU, true), /leave out/],
  ['sizes one by one', () => called(lora.zeros, 2, 3), /list/],
  ['a third argument of relu', () => called(nn.functional.relu, lora.ones([1]), 1), /leave out/],
  ['an argument of a method', () => called(lora.Tensor.prototype.relu.bind(lora.ones([1])), 1), /leave out/],
  ['an unknown option of a buffer', () => called(tiny().registerBuffer.bind(tiny()), 'b', lora.ones([1]), { persistant: true }), /persistent/], // prettier-ignore
]

function tiny(): lora.nn.Module {
  return new nn.Linear(2, 2)
}

for (const [title, run, hint] of WRONG) {
  test(`arguments: ${title} is an error that shows the right call`, (t) => {
    const error = t.throws(run, { instanceOf: lora.OptionError })
    t.regex(error.hint, hint, error.message)
  })
}

test('arguments: a function may be given to a method of an array, which adds index and array', (t) => {
  const layers = [new lora.Linear(2, 2, { r: 1 }), new nn.Linear(2, 2)]
  t.is(layers.filter(lora.isLoraLayer).length, 1)
  t.is([lora.ones([1])].map(nn.functional.relu).length, 1)
})

test('arguments: those that are undefined count as not given', (t) => {
  t.notThrows(() => made(nn.Linear, 2, 2, undefined, undefined))
  t.notThrows(() => called(nn.functional.relu, lora.ones([1]), undefined))
})

test('arguments: a subclass that passes on all of its arguments keeps the check of its base', (t) => {
  class Wide extends nn.Linear {}
  t.is(new Wide(2, 3).outFeatures, 3)
  t.throws(() => made(Wide, 2, 3, {}, 1), { code: 'ERR_LORA_OPTION' })
  class Own extends nn.ReLU {
    constructor(readonly name: string) {
      super()
    }
  }
  t.is(new Own('a').name, 'a')
})

test('arguments: JavaScript operators on tensors are errors, texts are not', (t) => {
  const x = lora.ones([2]) as never as number
  for (const run of [() => x < 1, () => x + x, () => x * 2, () => Math.max(x, 1), () => +x]) {
    t.throws(run, { code: 'ERR_LORA_OPTION', message: /a\.add\(b\)/ })
  }
  t.is(`${x}`, 'Tensor(2) f32')
  t.is(String(x), 'Tensor(2) f32')
})

test('save: the name of another format is refused', async (t) => {
  for (const name of ['x.pt', 'dir/x.bin', 'X.PTH', 'x.ckpt']) {
    await t.throwsAsync(lora.save({ x: lora.ones([1]) }, name), { code: 'ERR_LORA_OPTION', message: /safetensors/ })
  }
})
