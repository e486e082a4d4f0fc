import test from 'ava'
import * as lora from 'loralib'
import { close, numbers, wave } from '../support/close.js'
import { rows } from '../support/reference.js'

const { nn } = lora

class Block extends nn.Module {
  c_attn = new nn.TransposedLinear(4, 12)
  c_proj = new nn.Linear(12, 4)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.c_proj.forward(this.c_attn.forward(x))
  }
}

class Model extends nn.Module {
  wte = new nn.Embedding(7, 4, { paddingIdx: 0 })
  h = [new Block(), new Block()]
  head = new nn.Linear(4, 7, { bias: false, weight: this.wte.weight })
  override forward(ids: lora.Tensor): lora.Tensor {
    let x = this.wte.forward(ids) as lora.Tensor
    for (const block of this.h) x = block.forward(x) as lora.Tensor
    return this.head.forward(x)
  }
}

const ids = () => lora.tensor(new Int32Array([1, 2, 3]))

test('injectLora: replaces by suffix, RegExp and function; keeps tensors, outputs and mode', async (t) => {
  const model = new Model()
  const before = await numbers(model.forward(ids()))
  const { weight, bias } = model.h[0]!.c_attn
  const targets = ['c_attn', /h\.1\.c_proj$/, (path: string) => path === 'wte']
  const replaced = lora.injectLora(model, { targets, r: 2, loraAlpha: 4 })
  t.deepEqual(replaced, ['wte', 'h.0.c_attn', 'h.1.c_attn', 'h.1.c_proj'])
  const layer = model.h[0]!.c_attn as unknown as lora.Linear
  t.true(layer instanceof lora.Linear)
  t.true(layer.fanInFanOut)
  t.is(layer.weight, weight)
  t.is(layer.bias, bias)
  t.false(weight.requiresGrad || bias!.requiresGrad)
  t.is((model.wte as unknown as lora.Embedding).paddingIdx, 0)
  t.true(layer.training)
  await close(t, model.forward(ids()), before)
})

test('injectLora: a tied head keeps sharing the weight with the adapted embedding', (t) => {
  const model = new Model()
  lora.injectLora(model, { targets: 'wte', r: 2 })
  t.is(model.head.weight, model.wte.weight)
  t.is(Object.keys(model.stateDict()).filter((key) => key.endsWith('lora_A')).length, 1)
})

test('injectLora: enableLora makes MergedLinear, exclude leaves layers out', (t) => {
  const model = new Model()
  const replaced = lora.injectLora(model, {
    targets: 'c_attn',
    exclude: 'h.1.c_attn',
    r: 2,
    enableLora: [true, false, true],
  })
  t.deepEqual(replaced, ['h.0.c_attn'])
  t.true((model.h[0]!.c_attn as unknown) instanceof lora.MergedLinear)
})

test('injectLora: in evaluation mode the new layers stay unmerged until eval() is called', (t) => {
  const model = new Model().eval()
  lora.injectLora(model, { targets: 'c_attn', r: 2 })
  const layer = model.h[0]!.c_attn as unknown as lora.Linear
  t.false(layer.training || layer.merged)
  model.eval()
  t.true(layer.merged)
})

test('injectLora: keeps a bf16 base and gives it f32 factors', async (t) => {
  const model = new nn.Sequential(new nn.Linear(4, 3, { dtype: 'bf16' }))
  lora.injectLora(model, { targets: '0', r: 2 })
  const layer = model.at(0) as lora.Linear
  t.deepEqual([layer.weight.dtype, layer.loraA!.dtype], ['bf16', 'f32'])
  await layer
    .forward(lora.tensor(rows(wave(8), 4)))
    .sum()
    .backward()
  t.deepEqual(layer.loraB!.grad!.shape, [3, 2])
})

test('injectLora: a target that fits nothing is an error with a near name, and the model is unchanged', (t) => {
  const model = new Model()
  const refused = (options: object, message: RegExp) =>
    t.throws(() => lora.injectLora(model, { r: 2, ...options } as never), { instanceOf: lora.OptionError, message })
  refused({ targets: 'c_atn' }, /write 'c_attn'/)
  refused({ targets: ['c_attn', 'q_proj'] }, /q_proj/)
  refused({ targets: 'h.0' }, /Block/)
  refused({ targets: 'c_attn', r: 0 }, /1 or more/)
  refused({ targets: 'c_attn', enableLora: [true, false, true, false, true] }, /divides/)
  refused({ targets: [] }, /targets/)
  t.true([...model.parameters()].every((parameter) => parameter.requiresGrad))
  t.true(model.h[0]!.c_attn instanceof nn.TransposedLinear)
  lora.injectLora(model, { targets: 'c_attn', r: 2 })
  refused({ targets: 'c_attn' }, /a LoRA layer already/)
})
