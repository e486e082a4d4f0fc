// How adapters start: orthogonal, PiSSA, OLoRA. The base is never changed; what they learn is the difference to their start.
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { farthest, logitsOf, stir, tinyLlama } from '../support/peft.js'

const { peft } = lora

const STARTS = ['orthogonal', 'pissa', 'pissa_niter_4', 'olora']
const CHANGING = STARTS.slice(1)
const targetModules = ['q_proj', 'down_proj', 'lm_head']

const layerOf = (base: lora.nn.Module, path = 'model.layers.0.mlp.down_proj'): lora.Linear =>
  base.getSubmodule(path) as lora.Linear

for (const initLoraWeights of STARTS) {
  test(`peft, ${initLoraWeights}: a fresh adapter changes nothing, trained it does; the base stays to the bit`, async (t) => {
    const base = tinyLlama()
    const [plain, before] = [await logitsOf(base), await Promise.all(base.parameters().map(numbers))]
    const model = peft.getPeftModel(base, { r: 4, loraAlpha: 6, targetModules, initLoraWeights })
    t.true(farthest(await logitsOf(model), plain) < 1e-5)
    const { lora_A, lora_B } = layerOf(base).adapters.get('default')!
    for (const factor of [lora_A, lora_B]) t.true(Math.max(...(await numbers(factor)).map(Math.abs)) > 1e-3)
    model.train()
    const optimizer = new lora.optim.SGD(model.trainableParameters(), { lr: 0.5 })
    for (let i = 0; i < 3; i++) {
      optimizer.zeroGrad()
      await model.forward([[1, 2, 3, 4]], { labels: [[1, 2, 3, 4]] }).loss.backward()
      await optimizer.step()
    }
    model.eval()
    const trained = await logitsOf(model)
    t.true(farthest(trained, plain) > 1e-3)
    t.deepEqual(await logitsOf(model.withAdapter('__base__')), plain)
    await model.mergeAdapter()
    t.true(farthest(await logitsOf(model), trained) < 1e-5)
    model.unmergeAdapter()
    t.deepEqual(await logitsOf(model), trained)
    model.deleteAdapter('default')
    t.deepEqual(await logitsOf(base), plain)
    t.deepEqual(await Promise.all(base.parameters().map(numbers)), before)
  })

  test(`peft, ${initLoraWeights}: saved it is a plain adapter for the base as it is`, async (t) => {
    const dir = await folderWith(t)
    const [base, twin] = [tinyLlama(), tinyLlama()]
    twin.loadStateDict(base.stateDict())
    for (const useRslora of [false, true]) {
      const name = useRslora ? 'rs' : 'plain'
      const config = { r: 4, loraAlpha: 6, useRslora, targetModules, initLoraWeights, alphaPattern: { q_proj: 5 } }
      const model = peft.getPeftModel(base, config, name)
      stir(model, 3)
      await model.savePretrained(dir)
      const loaded = await peft.PeftModel.fromPretrained(twin, `${dir}/${name}`, { adapterName: name })
      const { r, initLoraWeights: start } = loaded.peftConfig.get(name)!
      t.deepEqual([r, start], initLoraWeights === 'orthogonal' ? [4, 'orthogonal'] : [8, true])
      t.true(farthest(await logitsOf(loaded), await logitsOf(model)) < 1e-5)
      model.unload()
      loaded.unload()
    }
  })
}

test('peft, pissa: the start is the largest part of the weight, in both layouts; niter comes near it', async (t) => {
  const { GPT2LMHeadModel } = lora.models
  const gpt2 = () => GPT2LMHeadModel.fromConfig({ vocab_size: 50, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 16 })
  const models = [
    [tinyLlama(), 'model.layers.0.mlp.down_proj', 'down_proj'],
    [gpt2(), 'transformer.h.0.mlp.c_fc', 'c_fc'],
  ] as const
  for (const [base, path, name] of models) {
    const model = peft.getPeftModel(
      base,
      { r: 3, loraAlpha: 6, targetModules: [name], initLoraWeights: 'pissa' },
      'exact',
    )
    model.addAdapter('near', { r: 3, loraAlpha: 6, targetModules: [name], initLoraWeights: 'pissa_niter_16' })
    const layer = layerOf(base, path)
    const { lora_A: a, lora_B: b, scaling } = layer.adapters.get('exact')!
    const weight = layer.fanInFanOut ? layer.baseWeight.transpose(0, 1) : layer.baseWeight
    const gram = await numbers(lora.noGrad(() => a.matmul(a.transpose(0, 1))))
    const gramB = await numbers(lora.noGrad(() => b.transpose(0, 1).matmul(b)))
    t.true(farthest(gram, gramB) < 1e-5, 'both have the root of the singular values')
    t.true(
      [1, 2, 3, 5, 6, 7].every((i) => Math.abs(gram[i]!) < 1e-5),
      'rows are orthogonal',
    )
    const rest = lora.noGrad(() => weight.sub(b.matmul(a).mul(scaling)))
    t.true(
      farthest(
        await numbers(lora.noGrad(() => rest.matmul(a.transpose(0, 1)))),
        Array(weight.shape[0]! * 3).fill(0) as number[],
      ) < 1e-5,
    )
    let x = lora.randn([weight.shape[1]!, 1])
    for (let i = 0; i < 50; i++) x = lora.noGrad(() => rest.transpose(0, 1).matmul(rest.matmul(x)).div(x.norm()))
    const next = Math.sqrt(await x.norm().item())
    t.true(Math.min(gram[0]!, gram[4]!, gram[8]!) * scaling > next * 0.999, 'no other singular value is larger')
    const product = (each: string) => {
      const { lora_A, lora_B } = layer.adapters.get(each)!
      return numbers(lora.noGrad(() => lora_B.matmul(lora_A).mul(scaling)))
    }
    t.true(farthest(await product('exact'), await product('near')) < 0.02)
  }
})

test('peft, pissa and olora: written as they are, they start again from the base they are loaded on; a random start is not written so', async (t) => {
  const [base, twin] = [tinyLlama(), tinyLlama()]
  twin.loadStateDict(base.stateDict())
  for (const initLoraWeights of CHANGING) {
    const dir = await folderWith(t)
    const model = peft.getPeftModel(base, { r: 4, targetModules, initLoraWeights })
    stir(model, 4)
    const save = () => model.savePretrained(dir, undefined, { convertToLora: false })
    if (initLoraWeights === 'pissa_niter_4')
      await t.throwsAsync(save(), { instanceOf: lora.OptionError, message: /random/ })
    else {
      await save()
      const loaded = await peft.PeftModel.fromPretrained(twin, dir)
      t.is(loaded.peftConfig.get('default')!.initLoraWeights, initLoraWeights)
      t.true(farthest(await logitsOf(loaded), await logitsOf(model)) < 1e-5)
      loaded.unload()
    }
    model.unload()
  }
})

test('peft: starts that do not fit a layer or are not here are refused, and nothing is changed', (t) => {
  const base = tinyLlama()
  const make = (config: lora.peft.LoraConfig) => peft.getPeftModel(base, { targetModules: ['q_proj'], ...config })
  for (const initLoraWeights of ['eva', 'loftq', 'corda', 'lora_ga', 'mica'])
    t.throws(() => make({ initLoraWeights }), {
      instanceOf: lora.UnsupportedError,
      message: new RegExp(initLoraWeights),
    })
  const option = { instanceOf: lora.OptionError }
  t.throws(() => make({ initLoraWeights: 'pissa_niter_x' }), { ...option, message: /initLoraWeights/ })
  t.throws(() => make({ initLoraWeights: 'orthogonal', r: 3 }), { ...option, message: /even/ })
  t.throws(() => make({ initLoraWeights: 'pissa', r: 33 }), { ...option, message: /at most 32/ })
  t.throws(() => make({ initLoraWeights: 'pissa', loraAlpha: -1 }), option)
  t.throws(() => make({ initLoraWeights: 'olora', useDora: true }), { ...option, message: /useDora/ })
  t.throws(() => make({ initLoraWeights: 'pissa', targetModules: ['embed_tokens'] }), {
    instanceOf: lora.UnsupportedError,
  })
  t.false([...base.modules()].some((each) => lora.isLoraLayer(each)))
})
