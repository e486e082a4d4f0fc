// Bugs of loralib that show in whole models, by their numbers in docs/porting-from-loralib.md. Each test fails on upstream's behaviour,
// which `npm run proof:bugs` measures.
import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'

const { nn } = lora

class Mlp extends nn.Module {
  up = new nn.Linear(4, 6)
  down = new nn.Linear(6, 4)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.down.forward(this.up.forward(x).relu())
  }
}

test('B20: adapting a finished model keeps its weights, the tensors themselves, and its outputs bit for bit', async (t) => {
  const model = new Mlp()
  const before = { ...model.stateDict() }
  const x = lora.rand([2, 4])
  const y = await numbers(model.forward(x))
  t.deepEqual(lora.injectLora(model, { targets: ['up', 'down'], r: 2 }), ['up', 'down'])
  t.true((model.up as lora.nn.Module) instanceof lora.Linear && (model.down as lora.nn.Module) instanceof lora.Linear)
  const after = model.stateDict()
  for (const [key, tensor] of Object.entries(before)) t.is(after[key], tensor, key)
  await same(t, model.forward(x), y)
})

test('B20: fromLayer replaces each kind of layer by one LoRA layer and keeps its tensors', async (t) => {
  const [dense, transposed, table] = [new nn.Linear(4, 6), new nn.TransposedLinear(4, 6), new nn.Embedding(5, 4)]
  const made = [
    lora.Linear.fromLayer(dense, { r: 2 }),
    lora.Linear.fromLayer(transposed, { r: 2 }),
    lora.MergedLinear.fromLayer(dense, { r: 2, enableLora: [true, false] }),
    lora.Embedding.fromLayer(table, { r: 2 }),
  ] as const
  const from = [dense, transposed, dense, table] as const
  for (const [i, layer] of made.entries()) {
    t.is(layer.weight, from[i]!.weight)
    t.false(layer.weight.requiresGrad)
    const input = layer instanceof lora.Embedding ? lora.tensor([0n, 4n]) : lora.ones([1, 4])
    await same(t, layer.forward(input), from[i]!.forward(input))
  }
})

class Attention extends nn.Module {
  q = new lora.Linear(4, 4, { r: 2 })
  lora_proj = new nn.Linear(4, 4) // named like a factor, but plain
  constructor() {
    super()
    this.registerBuffer('bias', lora.zeros([1, 1, 4, 4])) // GPT-2's causal mask
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.lora_proj.forward(this.q.forward(x))
  }
}

class Model extends nn.Module {
  lora_block = new Attention()
  norm = new nn.LayerNorm(4)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.norm.forward(this.lora_block.forward(x))
  }
}

const FACTORS = ['lora_block.q.lora_A', 'lora_block.q.lora_B']
const WANTED = {
  none: FACTORS,
  lora_only: ['lora_block.q.bias', ...FACTORS],
  all: ['lora_block.q.bias', ...FACTORS, 'lora_block.lora_proj.bias', 'norm.bias'],
} as const

for (const bias of ['none', 'lora_only', 'all'] as const) {
  test(`B26: bias '${bias}': what is trained and saved depends on what a tensor is, not on letters in its path`, (t) => {
    const model = new Model()
    lora.markOnlyLoraAsTrainable(model, bias)
    const trained = [...model.namedParameters()].filter(([, p]) => p.requiresGrad).map(([key]) => key)
    t.deepEqual(trained, [...WANTED[bias]])
    t.deepEqual(Object.keys(lora.loraStateDict(model, bias)), [...WANTED[bias]])
  })
}
