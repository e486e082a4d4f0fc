import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora
const X = () => lora.tensor(rows(wave(8, 0.4), 4))

class Model extends nn.Module {
  words = new nn.Embedding(5, 4)
  blocks = [new lora.Linear(4, 4, { r: 2, loraDropout: 0.1 }), new nn.Linear(4, 4)]
  head = new nn.Linear(4, 5, { bias: false, weight: this.words.weight })
  settings = { depth: [1, 2] }
  constructor() {
    super()
    this.registerBuffer('mask', lora.ones([2]), { persistent: false })
    lora.noGrad(() => (this.blocks[0] as lora.Linear).loraB!.copy_(lora.tensor(rows(wave(8), 2))))
  }
  override forward(x: lora.Tensor): lora.Tensor {
    let y = x
    for (const block of this.blocks) y = block.forward(y)
    return this.head.forward(y)
  }
}

test('cloneModule: same numbers, own tensors, ties and flags kept', async (t) => {
  const model = new Model()
  model.blocks[1]!.bias!.requiresGrad = false
  const copy = lora.cloneModule(model)
  t.true(copy instanceof Model)
  t.is(copy.head.weight, copy.words.weight)
  t.not(copy.head.weight, model.head.weight)
  t.deepEqual(Object.keys(copy.stateDict()), Object.keys(model.stateDict()))
  const flags = (m: Model) => [...m.namedParameters()].map(([name, tensor]) => [name, tensor.requiresGrad])
  t.deepEqual(flags(copy), flags(model))
  t.deepEqual(copy.settings, { depth: [1, 2] })
  t.not(copy.settings.depth, model.settings.depth)
  await close(
    t,
    lora.noGrad(() => copy.eval().forward(X())),
    lora.noGrad(() => model.eval().forward(X())),
  )
})

test('cloneModule: of a merged model is merged, and training it leaves the original alone', async (t) => {
  const model = new Model().eval()
  const want = await numbers(model.forward(X()))
  const copy = lora.cloneModule(model)
  const layer = copy.blocks[0] as lora.Linear
  t.true(layer.merged && !layer.training)
  await same(t, copy.forward(X()), want)
  copy.train()
  await same(t, layer.weight, (model.blocks[0] as lora.Linear).baseWeight)
  lora.markOnlyLoraAsTrainable(copy)
  const optimizer = new lora.optim.SGD(copy.parameters(), { lr: 0.1 })
  await copy.forward(X()).sum().backward()
  await optimizer.step()
  t.notDeepEqual(await numbers(lora.noGrad(() => copy.eval().forward(X()))), want)
  await same(t, model.forward(X()), want)
})

test('cloneModule: shareFrozen copies only what is trained', (t) => {
  const model = new Model()
  lora.markOnlyLoraAsTrainable(model)
  const copy = lora.cloneModule(model, { shareFrozen: true })
  t.is(copy.words.weight, model.words.weight)
  t.not((copy.blocks[0] as lora.Linear).loraA, (model.blocks[0] as lora.Linear).loraA)
})
