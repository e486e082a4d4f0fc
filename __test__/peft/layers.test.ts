// Named adapters of convolutions and embeddings, DoRA among them, against the formula in plain tensors; token rows of a tied head.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { farthest, logitsOf, stir, tinyLlama } from '../support/peft.js'

const { nn, peft } = lora

class Net extends nn.Module {
  constructor(readonly conv: lora.nn.Module) {
    super()
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.conv.forward(x) as lora.Tensor
  }
}

const CONVS: Record<string, [make: () => lora.nn.Module, input: number[]]> = {
  'Conv1d, stride and dilation': [() => new nn.Conv1d(6, 8, 3, { stride: 2, padding: 2, dilation: 2 }), [2, 6, 15]],
  'Conv2d, a kernel that is not square': [() => new nn.Conv2d(6, 8, [3, 1], { padding: [1, 0] }), [2, 6, 7, 5]],
  'Conv2d, one point, no bias': [() => new nn.Conv2d(6, 8, 1, { bias: false }), [2, 6, 4, 4]],
  'Conv2d, mirrored padding': [() => new nn.Conv2d(6, 8, 3, { padding: 1, paddingMode: 'reflect' }), [2, 6, 5, 5]],
  Conv3d: [() => new nn.Conv3d(6, 8, 2), [1, 6, 4, 4, 4]],
}

for (const [name, [make, shape]] of Object.entries(CONVS)) {
  for (const useDora of [false, true]) {
    test(`peft, ${name}${useDora ? ', DoRA' : ''}: the output is that of W + sBA, merged too; saved and loaded, the same bits`, async (t) => {
      const dir = await folderWith(t)
      const plain = make() as lora.nn.Conv2d
      const twin = lora.cloneModule(plain)
      const model = peft.getPeftModel(new Net(plain).eval(), { r: 4, loraAlpha: 6, targetModules: ['conv'], useDora })
      const x = lora.randn(shape)
      const out = () => numbers(lora.noGrad(() => model.forward(x)))
      const before = await numbers(lora.noGrad(() => twin.forward(x)))
      t.true(farthest(await out(), before) < 1e-5)
      stir(model, 1)
      const {
        lora_A: a,
        lora_B: b,
        magnitude,
        scaling,
      } = (model.base_model.conv as lora.Conv2d).adapters.get('default')!
      t.deepEqual([a.shape[0], a.shape.slice(1)], [4, plain.weight.shape.slice(1)])
      t.deepEqual([...b.shape], [8, 4, ...plain.weight.shape.slice(2).map(() => 1)])
      const whole = lora.noGrad(() => {
        const update = b
          .reshape([8, 4])
          .matmul(a.reshape([4, -1]))
          .mul(scaling)
        const flat = twin.weight.reshape([8, -1]).add(update)
        const norm = flat.square().sum(1).sqrt()
        return magnitude ? flat.mul(magnitude.flatten().div(norm).unsqueeze(1)) : flat
      })
      const trained = await out()
      lora.noGrad(() => twin.weight.copy_(whole.reshape(twin.weight.shape)))
      const want = await numbers(lora.noGrad(() => twin.forward(x)))
      t.true(farthest(want, before) > 0.05)
      t.true(farthest(trained, want) < 1e-5)
      await model.mergeAdapter()
      t.true(farthest(await out(), want) < 1e-5)
      model.unmergeAdapter()
      await model.savePretrained(dir)
      const second = make() as lora.nn.Conv2d
      lora.noGrad(() => second.weight.copy_((model.base_model.conv as lora.Conv2d).baseWeight))
      if (second.bias) lora.noGrad(() => second.bias!.copy_((model.base_model.conv as lora.Conv2d).bias!))
      const loaded = await peft.PeftModel.fromPretrained(new Net(second).eval(), dir)
      t.deepEqual(await numbers(lora.noGrad(() => loaded.forward(x))), trained)
    })

    test(`peft, ${name}${useDora ? ', DoRA' : ''}: the gradients are those of the formula`, async (t) => {
      const plain = make() as lora.nn.Conv2d
      const model = peft.getPeftModel(new Net(plain), { r: 2, targetModules: ['conv'], useDora })
      stir(model, 2)
      const layer = model.base_model.conv as lora.Conv2d
      const { lora_A: a, lora_B: b, magnitude, scaling } = layer.adapters.get('default')!
      const x = lora.randn(shape)
      const own = model.trainableParameters()
      await model.forward(x).square().sum().backward()
      const got = await Promise.all(own.map((tensor) => numbers(tensor.grad!)))
      for (const tensor of own) tensor.grad = null
      const update = b
        .reshape([8, -1])
        .matmul(a.reshape([2, -1]))
        .mul(scaling)
        .reshape(layer.baseWeight.shape)
      const whole = layer.baseWeight.add(update)
      const ones = layer.baseWeight.shape.slice(1).map(() => 1)
      const norm = whole.detach().reshape([8, -1]).square().sum(1).sqrt()
      const weight = magnitude
        ? whole.mul(
            magnitude
              .flatten()
              .div(norm)
              .reshape([8, ...ones]),
          )
        : whole
      const twin = make() as lora.nn.Conv2d
      const { stride, padding, dilation, paddingMode } = twin.geometry
      const fits = paddingMode === 'zeros'
      if (!fits) return t.pass('the functional form has no such padding')
      const conv = [nn.functional.conv1d, nn.functional.conv2d, nn.functional.conv3d][ones.length - 2]!
      const options = { stride: [...stride], padding: padding.filter((_, i) => i % 2 === 0), dilation: [...dilation] }
      await conv(x, weight, layer.bias, options as never)
        .square()
        .sum()
        .backward()
      const want = await Promise.all(own.map((tensor) => numbers(tensor.grad!)))
      for (const [i, values] of got.entries()) {
        const size = Math.max(1, ...want[i]!.map(Math.abs))
        t.true(farthest(values, want[i]!) / size < 1e-5)
      }
      return undefined
    })
  }
}

test('peft, grouped convolutions: A has all channels, as in PEFT; what cannot be merged or scaled is refused', async (t) => {
  const make = () => new Net(new nn.Conv2d(4, 8, 3, { groups: 2, padding: 1 })).eval()
  const model = peft.getPeftModel(make(), { r: 4, targetModules: ['conv'] })
  const plain = await numbers(lora.noGrad(() => model.forward(lora.ones([1, 4, 5, 5]))))
  stir(model, 3)
  const { lora_A, lora_B } = (model.base_model.conv as lora.Conv2d).adapters.get('default')!
  t.deepEqual(
    [[...lora_A.shape], [...lora_B.shape]],
    [
      [4, 4, 3, 3],
      [8, 2, 1, 1],
    ],
  )
  t.is(peft.inspectTargets(make(), { r: 4, targetModules: ['conv'] })[0]!.parameters, lora_A.numel + lora_B.numel)
  t.true(farthest(await numbers(lora.noGrad(() => model.forward(lora.ones([1, 4, 5, 5])))), plain) > 0.01)
  await t.throwsAsync(model.mergeAdapter(), { instanceOf: lora.UnsupportedError, message: /groups/ })
  t.throws(() => peft.getPeftModel(make(), { r: 3, targetModules: ['conv'] }), { message: /multiple of the layer/ })
  t.throws(() => peft.getPeftModel(make(), { r: 4, targetModules: ['conv'], useDora: true }), { message: /groups/ })
})

test('peft, an embedding with DoRA: m · (W + sAᵀBᵀ) / ‖·‖ of each output, merged too; saved and loaded, the same bits', async (t) => {
  const dir = await folderWith(t)
  const [base, twin] = [tinyLlama(), tinyLlama()]
  twin.loadStateDict(base.stateDict())
  const plain = await logitsOf(base)
  const model = peft.getPeftModel(base, { r: 3, loraAlpha: 6, useDora: true, targetModules: ['embed_tokens'] })
  t.true(farthest(await logitsOf(model), plain) < 1e-5)
  stir(model, 4)
  const layer = base.getSubmodule('model.embed_tokens') as lora.Embedding
  const { lora_A: a, lora_B: b, magnitude, scaling } = layer.adapters.get('default')!
  t.deepEqual([...magnitude!.shape], [32])
  const want = lora.noGrad(() => {
    const whole = layer.baseWeight.add(a.transpose(0, 1).matmul(b.transpose(0, 1)).mul(scaling))
    return whole.mul(magnitude!.div(whole.square().sum(0).sqrt()))
  })
  const trained = await logitsOf(model)
  await model.savePretrained(dir)
  const loaded = await peft.PeftModel.fromPretrained(twin, dir)
  t.deepEqual(await logitsOf(loaded), trained)
  await model.mergeAdapter()
  t.true(farthest(await numbers(layer.forwardWeight()), await numbers(want)) < 1e-5)
  t.true(farthest(await logitsOf(model), trained) < 1e-5)
})

test('peft, token rows of a tied head: the head scores by them too; merged, unmerged and saved', async (t) => {
  const dir = await folderWith(t)
  const make = () => tinyLlama({ tie_word_embeddings: true })
  const [base, twin] = [make(), make()]
  twin.loadStateDict(base.stateDict())
  const plain = await logitsOf(base)
  const config = { r: 2, targetModules: ['q_proj'], trainableTokenIndices: [5, 40, 3] }
  const model = peft.getPeftModel(base, config)
  t.true(farthest(await logitsOf(model), plain) < 1e-6)
  model.train()
  await model.forward([[5, 9, 40]], { labels: [[5, 9, 40]] }).loss.backward()
  t.true(model.trainableParameters().every((tensor) => tensor.grad !== null))
  model.eval()
  stir(model, 5)
  const trained = await logitsOf(model)
  t.true(
    [5, 40, 3].every((id) => Math.abs(trained[id]! - plain[id]!) > 1e-3),
    'scores of these tokens',
  )
  t.deepEqual(await logitsOf(model.withAdapter('__base__')), plain)
  await model.savePretrained(dir)
  const keys = Object.keys(await lora.load(`${dir}/adapter_model.safetensors`))
  t.is(keys.filter((key) => key.includes('trainable_tokens')).length, 1)
  const loaded = await peft.PeftModel.fromPretrained(twin, dir)
  t.deepEqual(await logitsOf(loaded), trained)
  const merged = loaded.mergeAndUnload()
  t.true(farthest(await logitsOf(merged), trained) < 1e-5)
  t.is(
    (merged.lm_head as lora.nn.Linear).weight,
    (merged.getSubmodule('model.embed_tokens') as lora.nn.Embedding).weight,
  )
  model.deleteAdapter('default')
  t.deepEqual(await logitsOf(base), plain)
  t.throws(() => peft.getPeftModel(make(), { ...config, targetModules: ['lm_head'] }), {
    instanceOf: lora.UnsupportedError,
  })
})
