// Named adapters on one base: what PEFT's own tests hold true of them, and what its users ask for (views).
import test from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'

const { models, peft } = lora

const IDS = [
  [5, 9, 2, 40, 7, 11],
  [3, 3, 8, 1, 60, 22],
]

const llama = (): lora.models.LlamaForCausalLM =>
  models.LlamaForCausalLM.fromConfig({
    ...{ vocab_size: 64, hidden_size: 32, intermediate_size: 48, num_hidden_layers: 2 },
    ...{ num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, tie_word_embeddings: false },
  }).eval() as lora.models.LlamaForCausalLM

type Model = { forward(ids: number[][]): { logits: lora.Tensor } }
const logitsOf = (model: Model): Promise<number[]> => numbers(lora.noGrad(() => model.forward(IDS).logits))
const farthest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))

/** Random numbers in every tensor of the adapters that train, so that they move the logits. */
function stir(model: lora.peft.PeftModel, seed: number): void {
  lora.manualSeed(seed)
  lora.noGrad(() => {
    for (const tensor of model.trainableParameters()) {
      const noise = lora.randn([...tensor.shape]).mul(0.3)
      tensor.copy_(tensor.ndim === 1 && !tensor.shape.includes(32) ? noise.add(1) : tensor.add(noise))
    }
  })
}

const CONFIGS: Record<string, lora.peft.LoraConfig> = {
  lora: { r: 4, loraAlpha: 8, targetModules: ['q_proj', 'down_proj'] },
  'all-linear, rsLoRA': { r: 3, useRslora: true, targetModules: 'all-linear' },
  DoRA: { r: 4, useDora: true, targetModules: ['v_proj', 'up_proj'] },
  'a bias of the second factor': { r: 2, loraBias: true, targetModules: ['o_proj'] },
  'an embedding and the head': { r: 2, targetModules: ['embed_tokens', 'lm_head'] },
  'a saved module': { r: 2, targetModules: ['q_proj'], modulesToSave: ['lm_head', 'norm'] },
  'rows of the embedding': { r: 2, targetModules: ['q_proj'], trainableTokenIndices: [5, 40, 3] },
  patterns: {
    r: 4,
    targetModules: ['q_proj', 'k_proj'],
    rankPattern: { k_proj: 1 },
    alphaPattern: { '^model.layers.0.*q_proj': 64 },
  },
}

for (const [name, config] of Object.entries(CONFIGS)) {
  test(`peft, ${name}: a fresh adapter changes nothing; trained it does, and disabled it does not`, async (t) => {
    const base = llama()
    const plain = await logitsOf(base)
    const model = peft.getPeftModel(base, config)
    t.true(farthest(await logitsOf(model), plain) < 1e-6)
    stir(model, 1)
    t.true(farthest(await logitsOf(model), plain) > 0.01)
    const disabled = model.disableAdapter(() => lora.noGrad(() => model.forward(IDS)))
    t.deepEqual(await numbers(disabled.logits), plain)
    t.deepEqual(await logitsOf(model.withAdapter('__base__')), plain)
    t.deepEqual(await logitsOf(base), plain, 'the base itself knows of no adapter')
  })

  test(`peft, ${name}: merged, unmerged and unloaded give the same; the base is unchanged to the bit`, async (t) => {
    const base = llama()
    const before = await Promise.all(base.parameters().map(numbers))
    const model = peft.getPeftModel(base, config)
    stir(model, 2)
    const apart = await logitsOf(model)
    for (let i = 0; i < 3; i++) {
      await model.mergeAdapter()
      t.true(farthest(await logitsOf(model), apart) < 1e-5)
      model.unmergeAdapter()
      t.deepEqual(await logitsOf(model), apart)
    }
    const rest = new Set(model.trainableParameters())
    const after = await Promise.all([...new Set(base.parameters())].filter((tensor) => !rest.has(tensor)).map(numbers))
    t.deepEqual(after.map((values) => values.join()).sort(), before.map((values) => values.join()).sort())
    const plain = model.mergeAndUnload()
    t.is(plain, base)
    t.false([...plain.modules()].some((each) => lora.isLoraLayer(each)))
    t.true(farthest(await logitsOf(plain), apart) < 1e-5)
  })

  test(`peft, ${name}: three steps move the adapter's parameters alone, with and without checkpointing`, async (t) => {
    const grads: number[][][] = []
    for (const checkpoints of [false, true]) {
      lora.manualSeed(3)
      const model = peft.getPeftModel(llama(), config)
      if (checkpoints) model.base_model.gradientCheckpointingEnable()
      model.train()
      const own = new Set(model.trainableParameters())
      const others = model.parameters().filter((tensor) => !own.has(tensor))
      const before = await Promise.all(others.map(numbers))
      const optimizer = new lora.optim.SGD([...own], { lr: 0.1 })
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad()
        await model.forward(IDS, { labels: IDS }).loss.backward()
        if (i === 2) grads.push(await Promise.all([...own].map((tensor) => numbers(tensor.grad!))))
        await optimizer.step()
      }
      t.deepEqual(await Promise.all(others.map(numbers)), before)
    }
    const [plain, recomputed] = grads as [number[][], number[][]]
    t.true(plain.some((values) => values.some((value) => value !== 0)))
    for (const [i, values] of plain.entries()) t.true(farthest(values, recomputed[i]!) < 1e-5)
  })

  test(`peft, ${name}: saved and loaded into another model of the base, it gives the same bits`, async (t) => {
    const dir = await folderWith(t)
    const base = llama()
    const twin = llama()
    twin.loadStateDict(base.stateDict())
    const model = peft.getPeftModel(base, config)
    stir(model, 4)
    await model.savePretrained(dir)
    lora.manualSeed(99)
    const loaded = await peft.PeftModel.fromPretrained(twin, dir)
    t.deepEqual(await logitsOf(loaded), await logitsOf(model))
    t.is(loaded.trainableParameters().length, 0)
    t.deepEqual({ ...loaded.peftConfig.get('default') }, { ...model.peftConfig.get('default') })
  })
}

test('peft: calls of views in flight never see each other’s adapter', async (t) => {
  const model = peft.getPeftModel(llama(), { r: 4, targetModules: ['q_proj', 'v_proj'] }, 'ann')
  stir(model, 5)
  model.addAdapter('bob', { r: 2, loraAlpha: 16, targetModules: 'all-linear' })
  model.setAdapter('bob')
  stir(model, 6)
  const views = { ann: model.withAdapter('ann'), bob: model.withAdapter('bob'), base: model.withAdapter('__base__') }
  const alone = Object.fromEntries(
    await Promise.all(
      Object.entries(views).map(async ([name, view]) => [name, await view.generate([IDS[0]!], { maxNewTokens: 12 })]),
    ),
  ) as Record<string, number[][]>
  t.is(new Set(Object.values(alone).map(String)).size, 3, 'the three write different texts')
  const order = ['ann', 'bob', 'base', 'bob', 'ann', 'ann', 'base'] as const
  const together = await Promise.all(order.map((name) => views[name].generate([IDS[0]!], { maxNewTokens: 12 })))
  for (const [i, name] of order.entries()) t.deepEqual(together[i], alone[name])
  model.setAdapter('ann')
  t.deepEqual(await model.generate([IDS[0]!], { maxNewTokens: 12 }), alone['ann'])
})

test('peft: two adapters at once add their updates; merged, views of others are right too', async (t) => {
  const base = llama()
  const model = peft.getPeftModel(base, { r: 4, targetModules: ['q_proj'] }, 'a')
  stir(model, 7)
  model.addAdapter('b', { r: 2, targetModules: ['q_proj', 'o_proj'] })
  model.setAdapter('b')
  stir(model, 8)
  const q = base.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear
  const [a, b] = ['a', 'b'].map((name) => q.adapters.get(name)!)
  model.setAdapter(['a', 'b'])
  let [x, y]: (lora.Tensor | null)[] = [null, null]
  const hook = q.registerForwardHook((_layer, args, output) => {
    ;[x, y] = [lora.keep((args[0] as lora.Tensor).clone()), lora.keep((output as lora.Tensor).clone())]
  })
  const both = await logitsOf(model)
  hook.remove()
  // Outside of a call of a view, the layer is its base.
  const sum = lora.noGrad(() => q.forward(x!).add(a!.forward(x!)).add(b!.forward(x!)))
  t.true(farthest(await numbers(y!), await numbers(sum)) < 1e-5)
  const onlyA = await logitsOf(model.withAdapter('a'))
  await model.mergeAdapter('a')
  t.true(farthest(await logitsOf(model.withAdapter('a')), onlyA) < 1e-5)
  t.deepEqual(await logitsOf(model), both)
  await model.mergeAdapter(['a', 'b'])
  t.true(farthest(await logitsOf(model), both) < 1e-5)
  t.deepEqual(await logitsOf(model.withAdapter('a')), onlyA)
})

test('peft: an adapter that is scaled, deleted and loaded under another name', async (t) => {
  const dir = await folderWith(t)
  const base = llama()
  const plain = await logitsOf(base)
  const model = peft.getPeftModel(base, { r: 4, targetModules: ['q_proj'] }, 'first')
  stir(model, 9)
  const trained = await logitsOf(model)
  model.scaleAdapter('first', 0)
  t.true(farthest(await logitsOf(model), plain) < 1e-6)
  model.scaleAdapter('first', 1)
  t.deepEqual(await logitsOf(model), trained)
  await model.savePretrained(dir)
  t.is(await model.loadAdapter(`${dir}/first`, { adapterName: 'second' }), 'second')
  t.deepEqual(await logitsOf(model.withAdapter('second')), trained)
  model.deleteAdapter('first')
  t.deepEqual(model.activeAdapters, [])
  t.deepEqual(await logitsOf(model), plain)
  t.throws(() => model.setAdapter('first'), { instanceOf: lora.KeyError, message: /second/ })
  t.is(model.unload(), base)
  t.deepEqual(await logitsOf(base), plain)
})

test('peft: DoRA is m · (W + sBA) / ‖W + sBA‖, with a transposed weight and dropout too', async (t) => {
  const gpt2 = models.GPT2LMHeadModel.fromConfig({ vocab_size: 50, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 16 })
  const model = peft.getPeftModel(gpt2.eval(), { r: 3, loraAlpha: 6, useDora: true, targetModules: ['c_fc'] })
  stir(model, 10)
  const layer = gpt2.getSubmodule('transformer.h.0.mlp.c_fc') as lora.Linear
  const { lora_A: a, lora_B: b, magnitude, scaling } = layer.adapters.get('default')!
  const x = lora.randn([4, 16])
  const want = lora.noGrad(() => {
    const whole = layer.baseWeight.transpose(0, 1).add(b.matmul(a).mul(scaling)) // (out, in)
    const norm = whole.square().sum(1).sqrt()
    return x.matmul(whole.mul(magnitude!.div(norm).unsqueeze(1)).transpose(0, 1)).add(layer.bias!)
  })
  const ids = [[1, 2, 3]]
  const before = await numbers(lora.noGrad(() => model.forward(ids).logits))
  await model.mergeAdapter()
  t.true(farthest(await numbers(lora.noGrad(() => model.forward(ids).logits)), before) < 1e-5)
  model.mergeAndUnload()
  const plain = gpt2.getSubmodule('transformer.h.0.mlp.c_fc')
  t.true(farthest(await numbers(lora.noGrad(() => plain.forward(x) as lora.Tensor)), await numbers(want)) < 1e-5)
})

test('peft: a classifier’s head is trained and saved with the adapter', async (t) => {
  const dir = await folderWith(t)
  const make = () =>
    models.RobertaForSequenceClassification.fromConfig({
      ...{ vocab_size: 60, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 24 },
      ...{ max_position_embeddings: 20, num_labels: 3 },
    }).eval()
  const [base, twin] = [make(), make()]
  twin.loadStateDict(base.stateDict())
  const model = peft.getPeftModel(base, { r: 2 })
  t.deepEqual(
    peft.inspectTargets(twin, { r: 2 }).map(({ path }) => path.split('.').at(-1)),
    ['query', 'value'],
  )
  t.is(model.peftConfig.get('default')!.taskType, 'SEQ_CLS')
  stir(model, 11)
  await model.savePretrained(dir)
  const keys = Object.keys(await lora.load(`${dir}/adapter_model.safetensors`))
  t.true(keys.some((key) => key.startsWith('base_model.model.classifier.')))
  const loaded = await peft.PeftModel.fromPretrained(twin, dir)
  const scores = (each: typeof model) => numbers(lora.noGrad(() => each.forward([[4, 5, 6]]).logits))
  t.deepEqual(await scores(loaded), await scores(model))
})

test('peft: logits that are computed on access use the adapters of their call', async (t) => {
  const model = peft.getPeftModel(llama(), { r: 4, targetModules: 'all-linear' }, 'a')
  stir(model, 12)
  const want = await logitsOf(model)
  const output = lora.noGrad(() => model.forward(IDS, { labels: [[-100, 9, -100, -100, -100, -100], IDS[1]!] }))
  t.true(farthest(await numbers(output.logits), want) < 1e-5)
})

test('peft: the merged weight of a layer is that of what was merged, also outside of a call', async (t) => {
  const base = llama()
  const plain = await logitsOf(base)
  const model = peft.getPeftModel(base, { r: 4, targetModules: ['q_proj'] })
  stir(model, 13)
  const layer = base.getSubmodule('model.layers.0.self_attn.q_proj') as lora.Linear
  const { lora_A: a, lora_B: b, scaling } = layer.adapters.get('default')!
  const want = await numbers(lora.noGrad(() => layer.baseWeight.add(b.matmul(a).mul(scaling))))
  await model.mergeAdapter()
  t.true(farthest(await numbers(layer.forwardWeight()), want) < 1e-6)
  t.true(farthest(await numbers(layer.weight), want) < 1e-6)
  model.unmergeAdapter()
  t.deepEqual(await logitsOf(model.withAdapter('__base__')), plain)
})

test('peft: an adapter that is added or loaded changes nothing about which others train', async (t) => {
  const dir = await folderWith(t)
  await peft.getPeftModel(llama(), { r: 2, targetModules: ['q_proj'] }).savePretrained(dir)
  const model = await peft.PeftModel.fromPretrained(llama(), dir)
  await model.loadAdapter(dir, { adapterName: 'second' })
  model.addAdapter('third', { r: 2, targetModules: ['q_proj'] })
  t.deepEqual(model.trainableParameters(), [])
  model.setAdapter('third')
  const own = model.trainableParameters()
  await model.loadAdapter(dir, { adapterName: 'fourth' })
  t.deepEqual(model.trainableParameters(), own)
})

test('peft: loralib’s own layers stay as they are when an adapter cannot be loaded, and when all are taken out', async (t) => {
  const dir = await folderWith(t)
  const base = llama()
  lora.injectLora(base, { targets: ['up_proj'], r: 2 })
  await t.throwsAsync(peft.PeftModel.fromPretrained(base, dir), { instanceOf: lora.FileError })
  const own = () => [...base.modules()].filter((each) => lora.isLoraLayer(each)).length
  t.is(own(), 2)
  const model = peft.getPeftModel(base, { r: 2, targetModules: ['q_proj'] })
  t.is(own(), 4)
  model.unload()
  t.is(own(), 2)
})
