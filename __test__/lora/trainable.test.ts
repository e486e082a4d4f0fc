import test from 'ava'
import * as lora from 'loralib'

const { nn } = lora

class Attention extends nn.Module {
  q = new lora.Linear(4, 4, { r: 2 })
  lora_proj = new nn.Linear(4, 4) // named like a factor, but plain
  constructor() {
    super()
    this.registerBuffer('bias', lora.zeros([1, 1, 4, 4]))
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.lora_proj.forward(this.q.forward(x))
  }
}

class Model extends nn.Module {
  lora_block = new Attention()
  plain = new lora.Linear(4, 4)
  norm = new nn.LayerNorm(4)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.norm.forward(this.plain.forward(this.lora_block.forward(x)))
  }
}

const FACTORS = ['lora_block.q.lora_A', 'lora_block.q.lora_B']
const WANT = {
  none: FACTORS,
  lora_only: ['lora_block.q.bias', ...FACTORS, 'plain.bias'],
  all: ['lora_block.q.bias', ...FACTORS, 'lora_block.lora_proj.bias', 'plain.bias', 'norm.bias'],
} as const

for (const bias of ['none', 'lora_only', 'all'] as const) {
  test(`markOnlyLoraAsTrainable and loraStateDict: bias '${bias}' trains and saves the same`, (t) => {
    const model = new Model()
    lora.markOnlyLoraAsTrainable(model, bias)
    const trainable = [...model.namedParameters()].filter(([, p]) => p.requiresGrad).map(([key]) => key)
    t.deepEqual(trainable, [...WANT[bias]])
    t.deepEqual(Object.keys(lora.loraStateDict(model, bias)), [...WANT[bias]])
  })
}

test('markOnlyLoraAsTrainable: gives a model frozen by hand its factors back', (t) => {
  const model = new Model()
  model.requiresGrad_(false)
  lora.markOnlyLoraAsTrainable(model)
  t.true(model.lora_block.q.loraA!.requiresGrad)
})

test('markOnlyLoraAsTrainable: a bad mode throws before anything is changed', (t) => {
  const model = new Model()
  const error = t.throws(() => lora.markOnlyLoraAsTrainable(model, 'lora' as never), { instanceOf: lora.OptionError })
  t.regex(error!.message, /lora_only/)
  t.true(model.norm.weight!.requiresGrad)
  t.throws(() => lora.loraStateDict(model, 'some' as never), { instanceOf: lora.OptionError })
})

test('loraStateDict: the live parameters, unmerged or merged', (t) => {
  const model = new Model()
  const saved = lora.loraStateDict(model.eval())
  t.true(saved['lora_block.q.lora_A'] === model.lora_block.q.loraA)
})
