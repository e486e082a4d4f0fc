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

test('injectLora: options per target, in a record and in a Map; the first that fits wins', (t) => {
  const model = new Model()
  const targets = {
    'h.1.c_attn': { r: 5, blocks: [6, 3, 3], enableLora: [true, false, true] },
    c_attn: { loraAlpha: 8 },
    wte: { r: 1 },
  }
  lora.injectLora(model, { targets, r: 2, loraDropout: 0.5 })
  const [first, second] = model.h.map((block) => block.c_attn as unknown as lora.Linear)
  t.deepEqual([first!.r, first!.loraAlpha, second!.r, second!.loraAlpha], [2, 8, 5, 1])
  t.deepEqual((second as unknown as lora.MergedLinear).blocks, [6, 3, 3])
  t.is((model.wte as unknown as lora.Embedding).r, 1)
  const other = new Model()
  lora.injectLora(other, { targets: new Map([[/c_proj/, { r: 3 }]]) })
  t.is((other.h[1]!.c_proj as unknown as lora.Linear).r, 3)
})

test('injectLora: finds layers in Sequential, ModuleList, arrays and maps', (t) => {
  class Holder extends nn.Module {
    list = new nn.ModuleList([new nn.Sequential(new nn.Linear(4, 4), new nn.ReLU())])
    map = new Map([['a', new nn.Linear(4, 4)]])
    rows = [[new nn.Linear(4, 4)]]
    override forward(): void {}
  }
  const model = new Holder()
  const paths = lora.injectLora(model, { targets: /./, r: 1 })
  t.deepEqual(paths, ['list.0.0', 'map.a', 'rows.0.0'])
  t.true(paths.every((path) => model.getSubmodule(path) instanceof lora.Linear))
})

test('injectLora: what would have no effect, or cannot be done, is an error', (t) => {
  const model = new Model()
  const refused = (options: object, message: RegExp) =>
    t.throws(() => lora.injectLora(model, { r: 2, ...options } as never), { instanceOf: lora.OptionError, message })
  refused({ targets: 'c_attn', exclude: 'h.2.c_attn' }, /write 'h\.[01]\.c_attn'/)
  refused({ targets: 'c_attn', exclude: ['h.0.c_attn', 'c_proj'] }, /exclude c_proj excludes no layer/)
  refused({ targets: 'c_attn', exclude: 'c_attn' }, /leaves at least one layer/)
  refused({ targets: { c_attn: {}, 'h.0.c_attn': { r: 8 } } }, /h\.0\.c_attn apply to no layer.*narrower target first/s)
  refused({ targets: { wte: { loraDropout: 0.5 } } }, /loraDropout.*class Embedding, wte/s)
  refused({ targets: { wte: { enableLora: [true] } } }, /dense layers only/)
  refused({ targets: { c_attn: { rank: 4 } } }, /unknown option rank/)
  refused({ targets: { c_attn: 4 } }, /options/)
  refused({ targets: 'c_attn', enableLora: [false, false] }, /at least one true/)
  refused({ targets: 'c_attn', r: undefined }, /1 or more/)
  refused({ targets: ['c_attn', 'h.1'] }, /h\.1|Block/)
  t.true([...model.parameters()].every((parameter) => parameter.requiresGrad))
})

class Normed extends nn.Module {
  norm = new nn.LayerNorm(4)
  drop = new nn.Dropout(0.1)
  proj = new nn.Linear(4, 4)
  override forward(x: lora.Tensor): lora.Tensor {
    return this.proj.forward(this.drop.forward(this.norm.forward(x)))
  }
}

test('injectLora: a matched layer that cannot be adapted is named; exclude takes it out', (t) => {
  const model = new nn.ModuleList([new Normed(), new Normed()])
  const targets = /^0\./
  t.throws(() => lora.injectLora(model, { targets, r: 1 }), { message: /0\.norm \(LayerNorm\)/ })
  t.deepEqual(lora.injectLora(model, { targets, exclude: 'norm', r: 1 }), ['0.proj'])
  t.throws(() => lora.injectLora(model, { targets: 'proj', r: 1 }), { message: /0\.proj \(a LoRA layer already\)/ })
  t.deepEqual(lora.injectLora(model, { targets: 'proj', exclude: '0.proj', r: 1 }), ['1.proj'])
})

test('injectLora: includeTied gives the tied head the update of the embedding, and the tie holds after merging', async (t) => {
  const reference = new Model()
  lora.injectLora(reference, { targets: 'wte', r: 2 })
  for (const targets of ['wte', 'head']) {
    const model = new Model()
    t.deepEqual(lora.injectLora(model, { targets, r: 2, loraAlpha: 6, includeTied: true }), ['wte', 'head'])
    const table = model.wte as unknown as lora.Embedding
    lora.noGrad(() => table.loraA!.copy_(lora.tensor(rows(wave(14), 7))))
    t.deepEqual(Object.keys(model.stateDict()), Object.keys(reference.stateDict()))
    const x = lora.tensor(rows(wave(8, 0.4), 4))
    const head = model.head as unknown as lora.TiedLinear
    const want = await numbers(nn.functional.linear(x, table.mergedWeight()))
    await close(t, head.forward(x), want)
    await head.forward(x).sum().backward()
    t.deepEqual([table.loraA!.hasGrad, table.loraB!.hasGrad], [true, true])
    await close(t, model.eval() && lora.noGrad(() => head.forward(x)), want)
    const dict = lora.mergedStateDict(model)
    await close(t, dict['head.weight']!, dict['wte.weight']!)
    const copy = lora.cloneModule(model)
    t.is((copy.head as unknown as lora.TiedLinear).source, copy.wte as never)
    t.deepEqual(lora.mergeAndUnload(model), ['wte', 'head'])
    t.is(model.head.weight, model.wte.weight)
    t.true(model.head instanceof nn.Linear)
    await close(t, model.head.forward(x), want)
  }
})

test('injectLora: an adapted tied embedding leaves the head on the base weight', async (t) => {
  const model = new Model()
  lora.injectLora(model, { targets: 'wte', r: 2 })
  const x = lora.tensor(rows(wave(8, 0.4), 4))
  const want = await numbers(model.head.forward(x))
  const table = model.wte as unknown as lora.Embedding
  lora.noGrad(() => table.loraA!.copy_(lora.tensor(rows(wave(14), 7))))
  await close(t, model.eval().head.forward(x), want)
  await t.throwsAsync(lora.saveMerged(model, 'never.safetensors'), {
    instanceOf: lora.OptionError,
    message: /under wte\.weight, head\.weight.*includeTied/s,
  })
  const dict = lora.mergedStateDict(model)
  t.is(dict['head.weight'], model.head.weight)
  t.notDeepEqual(await numbers(dict['wte.weight']!), await numbers(dict['head.weight']!))
})
