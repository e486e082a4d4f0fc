import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { close, same, wave } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { tinyEncoder } from '../support/tiny-encoder.js'

const { adapters, nn } = lora

const IDS = [
  [0, 5, 7, 9, 2],
  [0, 4, 2, 1, 1],
]
const MASK = [
  [1, 1, 1, 1, 1],
  [1, 1, 1, 0, 0],
]
const logits = (model: ReturnType<typeof tinyEncoder>) =>
  lora.noGrad(() => model.forward(IDS, { attentionMask: MASK })).logits
const trainable = (model: lora.nn.Module) =>
  [...model.namedParameters()].filter(([, p]) => p.requiresGrad).map(([name]) => name)

/** The end of a half of a layer, as encoders have it. */
class End extends nn.Module {
  dense = new nn.Linear(3, 4)
  LayerNorm = new nn.LayerNorm(4)
  dropout = new nn.Dropout(0)
  override forward(x: lora.Tensor, residual: lora.Tensor): lora.Tensor {
    return this.LayerNorm.forward(this.dropout.forward(this.dense.forward(x)).add(residual))
  }
}
class Layer extends nn.Module {
  readonly config = { hidden_size: 4, initializer_range: 0.5 }
  attention = new End()
  output = new End()
  override forward(x: lora.Tensor, residual: lora.Tensor): lora.Tensor {
    return this.output.forward(x, this.attention.forward(x, residual))
  }
}

test('BottleneckAdapter: residual + B act(A x), by hand', async (t) => {
  const adapter = new adapters.BottleneckAdapter(4, 2, { activation: 'swish', std: 0.5 })
  t.deepEqual(Object.keys(adapter.stateDict()), [
    'adapter_A.weight',
    'adapter_A.bias',
    'adapter_B.weight',
    'adapter_B.bias',
  ])
  const { weight: a } = adapter.adapter_A as lora.nn.Linear
  const { weight: b } = adapter.adapter_B as lora.nn.Linear
  t.deepEqual(
    [a.shape, b.shape],
    [
      [2, 4],
      [4, 2],
    ],
  )
  const x = lora.tensor(wave(12), { shape: [3, 4] })
  await close(t, adapter.forward(x), x.matmul(a.transpose(0, 1)).silu().matmul(b.transpose(0, 1)).add(x))
})

test('injectAdapters: Houlsby and Pfeiffer compute what the original writes', async (t) => {
  const x = lora.tensor(wave(6), { shape: [2, 3] })
  const residual = lora.tensor(wave(8, 0.3), { shape: [2, 4] })
  for (const type of ['houlsby', 'pfeiffer'] as const) {
    const layer = new Layer()
    const { dense, LayerNorm } = layer.output
    t.deepEqual(
      adapters.injectAdapters(layer, { type, size: 2 }),
      type === 'houlsby' ? ['attention.adapter', 'output.adapter'] : ['output.adapter'],
    )
    const { adapter } = layer.output as unknown as { adapter: lora.adapters.BottleneckAdapter }
    const h = dense.forward(x)
    const read = type === 'houlsby' ? h : LayerNorm.forward(h.add(residual))
    const wanted = LayerNorm.forward(adapter.forward(read, h).add(residual))
    await close(t, layer.output.forward(x, residual), wanted)
    t.throws(() => adapters.injectAdapters(layer, { type }), {
      code: 'ERR_LORA_OPTION',
      message: /already has an adapter/,
    })
  }
})

test('injectAdapters: an encoder, names of the original, little change at the start, a copy of its own', async (t) => {
  const model = tinyEncoder().eval()
  const before = await logits(model).tolist()
  const places = adapters.injectAdapters(model, { type: 'houlsby', size: 3 })
  t.deepEqual(places.slice(0, 2), [
    'roberta.encoder.layer.0.attention.output.adapter',
    'roberta.encoder.layer.0.output.adapter',
  ])
  t.is(places.length, 4)
  t.true('roberta.encoder.layer.1.output.adapter.adapter_B.bias' in model.stateDict())
  t.true('roberta.encoder.layer.1.output.dense.weight' in model.stateDict())
  const changed = await logits(model).tolist()
  t.notDeepEqual(changed, before)
  for (const adapter of adapters.adaptersOf(model).values())
    for (const tensor of adapter.parameters()) lora.noGrad(() => tensor.zero_())
  await close(t, logits(model), (before as number[][]).flat())
  const copy = lora.cloneModule(model)
  for (const adapter of adapters.adaptersOf(copy).values())
    for (const tensor of adapter.parameters()) lora.noGrad(() => tensor.fill_(0.3))
  await close(t, logits(model), (before as number[][]).flat())
})

test('injectAdapters: any module of a layer that puts out hidden states, by name', async (t) => {
  class Plain extends nn.Module {
    readonly config = { hidden_size: 4 }
    layers = [new nn.Linear(4, 4), new nn.Linear(4, 4)]
    override forward(x: lora.Tensor): lora.Tensor {
      return this.layers.reduce((y, layer) => layer.forward(y), x)
    }
  }
  const model = new Plain()
  t.deepEqual(adapters.injectAdapters(model, { targets: 'layers.1', size: 2, type: 'pfeiffer' }), ['layers.1.adapter'])
  const { adapter } = model.layers[1] as unknown as { adapter: lora.adapters.BottleneckAdapter }
  const x = lora.tensor(wave(4), { shape: [1, 4] })
  const [first, second] = model.layers as [lora.nn.Linear, lora.nn.Linear]
  const plain = first.forward(x).matmul(second.weight.transpose(0, 1)).add(second.bias!)
  await close(t, model.forward(x), adapter.forward(plain))
  const copy = lora.cloneModule(model)
  for (const tensor of (copy.layers[1] as unknown as { adapter: lora.nn.Module }).adapter.parameters())
    lora.noGrad(() => tensor.fill_(0.5))
  await close(t, model.forward(x), adapter.forward(plain))
  t.throws(() => adapters.injectAdapters(model, { targets: 'layer.1' }), { code: 'ERR_LORA_OPTION' })
  t.throws(() => adapters.injectAdapters(new Plain(), {}), {
    code: 'ERR_LORA_OPTION',
    message: /no modules for adapters/,
  })
})

test('trainOnly: the parts and what they combine to', (t) => {
  const model = tinyEncoder()
  t.throws(() => adapters.trainOnly(model, ['lora', 'head']), {
    code: 'ERR_LORA_OPTION',
    message: /no parameters of 'lora'/,
  })
  lora.injectLora(model, { targets: ['query', 'value'], r: 2 })
  adapters.injectAdapters(model, { type: 'pfeiffer', size: 2 })
  const head = [
    'classifier.dense.weight',
    'classifier.dense.bias',
    'classifier.out_proj.weight',
    'classifier.out_proj.bias',
  ]
  t.deepEqual(adapters.headNames(model), head)
  adapters.trainOnly(model, ['lora', 'head'])
  t.is(trainable(model).length, 2 * 2 * 2 + 4)
  t.true(trainable(model).every((name) => /lora_[AB]$|^classifier\./.test(name)))
  adapters.trainOnly(model, ['biases'])
  t.true(trainable(model).every((name) => name.endsWith('bias')))
  t.true(trainable(model).includes('roberta.encoder.layer.0.output.LayerNorm.bias'))
  t.false(trainable(model).includes('roberta.encoder.layer.0.output.LayerNorm.weight'))
  adapters.trainOnly(model, ['adapters', 'lora'])
  t.is(trainable(model).length, 2 * 4 + 8)
  adapters.trainOnly(model, ['all'])
  t.is(trainable(model).length, model.parameters().length)
  t.throws(() => adapters.trainOnly(model, []), { code: 'ERR_LORA_OPTION' })
})

test('startFrom: the LoRA of another task; its head has other labels and stays behind, with a warning', async (t) => {
  const dir = await folderWith(t)
  const prepared = (labels: number, r = 2) => {
    const model = tinyEncoder({ num_labels: labels }, 7)
    lora.injectLora(model, { targets: ['query', 'value'], r })
    adapters.trainOnly(model, ['lora', 'head'])
    return model
  }
  const mnli = prepared(3)
  for (const tensor of Object.values(lora.loraStateDict(mnli))) lora.noGrad(() => tensor.fill_(0.25))
  const file = join(dir, 'mnli.safetensors')
  await lora.save(lora.train.trainedParameters(mnli), file)
  const warnings: string[] = []
  const listen = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  const mrpc = prepared(2)
  const report = await adapters.startFrom(mrpc, file)
  await new Promise(setImmediate)
  t.deepEqual(report.misshapen.toSorted(), ['classifier.out_proj.bias', 'classifier.out_proj.weight'])
  t.deepEqual([report.unexpected, report.missing], [[], []])
  t.is(report.loaded.length, 8 + 2)
  t.true(warnings.some((text) => /10 tensors loaded; with another shape.*classifier\.out_proj/.test(text)))
  for (const tensor of Object.values(lora.loraStateDict(mrpc)))
    await same(t, tensor, new Array(tensor.numel).fill(0.25))
  await t.throwsAsync(adapters.startFrom(prepared(3, 4), file), {
    code: 'ERR_LORA_KEY',
    message: /other sizes[^]*rank/,
  })
  await t.throwsAsync(adapters.startFrom(tinyEncoder({ hidden_size: 16 }), file), { code: 'ERR_LORA_KEY' })
  await lora.save({ 'x.lora_A': lora.tensor([1]) }, join(dir, 'other.safetensors'))
  await t.throwsAsync(adapters.startFrom(mrpc, join(dir, 'other.safetensors')), {
    code: 'ERR_LORA_KEY',
    message: /none of its tensors/,
  })
})

const KIND = {
  original_ln_after: true,
  residual_before_ln: true,
  ln_before: false,
  ln_after: false,
  output_adapter: true,
}
const PFEIFFER = { ...KIND, mh_adapter: false, original_ln_before: true, non_linearity: 'relu', reduction_factor: 16 }
const HOULSBY = { ...KIND, mh_adapter: true, original_ln_before: false, non_linearity: 'swish', reduction_factor: 16 }

test('loadAdapterHub: both kinds, names of two releases, a head', async (t) => {
  const layouts = [
    [PFEIFFER, (layer: number) => `roberta.encoder.layer.${layer}.output.adapters.my.task.`],
    [
      HOULSBY,
      (layer: number, half: string) =>
        `roberta.encoder.layer.${layer}.${half}${half === '' ? 'output.layer' : 'output.attention'}_text_task_adapters.t.`,
    ],
  ] as const
  for (const [config, at] of layouts) {
    const halves = config.mh_adapter ? ['attention.', ''] : ['']
    const tensors: Record<string, lora.Tensor> = {}
    for (const layer of [0, 1])
      for (const half of halves) {
        const start = at(layer, half)
        tensors[`${start}adapter_down.0.weight`] = lora.tensor(wave(24, 0.4 + layer), { shape: [3, 8] })
        tensors[`${start}adapter_down.0.bias`] = lora.tensor(wave(3))
        tensors[`${start}adapter_up.weight`] = lora.tensor(wave(24, 0.9), { shape: [8, 3] })
        tensors[`${start}adapter_up.bias`] = lora.tensor(wave(8))
      }
    const dir = await folderWith(t, {
      'adapter_config.json': JSON.stringify({ config, hidden_size: 8, model_type: 'roberta', name: 't' }),
    })
    await lora.save(tensors, join(dir, 'adapter.safetensors'))
    const head = { 'heads.t.1.weight': lora.tensor(wave(64), { shape: [8, 8] }), 'heads.t.4.bias': lora.tensor([7, 8]) }
    await lora.save(head, join(dir, 'model_head.safetensors'))
    const model = tinyEncoder()
    const report = await adapters.loadAdapterHub(model, dir)
    t.is(report.loaded.length, Object.keys(tensors).length + 2)
    t.is(adapters.adaptersOf(model).size, 2 * halves.length)
    await same(
      t,
      model.stateDict()['roberta.encoder.layer.1.output.adapter.adapter_A.weight']!,
      tensors[`${at(1, '')}adapter_down.0.weight`]!,
    )
    await same(t, model.stateDict()['roberta.encoder.layer.0.output.adapter.adapter_B.bias']!, wave(8).map(Math.fround))
    await same(t, model.stateDict()['classifier.out_proj.bias']!, [7, 8])
    const small = tinyEncoder({ num_hidden_layers: 1 })
    await t.throwsAsync(adapters.loadAdapterHub(small, dir), {
      code: 'ERR_LORA_KEY',
      message: /does not fit the model/,
    })
  }
  const odd = await folderWith(t, {
    'adapter_config.json': JSON.stringify({ config: { ...PFEIFFER, is_parallel: true } }),
  })
  await t.throwsAsync(adapters.loadAdapterHub(tinyEncoder(), odd), { code: 'ERR_LORA_UNSUPPORTED' })
})
