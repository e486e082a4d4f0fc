// What users' TypeScript says of the public types: compiled by the type check, never run. Each @ts-expect-error must be an error.
// scripts/types-versions.mjs compiles it as another package would, with every TypeScript that is supported.
import * as lora from 'loralib'
import type * as adapters from 'loralib/adapters'
import type * as data from 'loralib/data'
import type * as generation from 'loralib/generation'
import type * as hub from 'loralib/hub'
import type * as metrics from 'loralib/metrics'
import type * as models from 'loralib/models'
import * as nn from 'loralib/nn'
import * as optim from 'loralib/optim'
import type * as tokenizers from 'loralib/tokenizers'
import type * as train from 'loralib/train'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles only when the two types are the same. */
function same<A, B>(...proof: Same<A, B> extends true ? [] : ['the types differ']): void {
  void proof
}

export async function tensors(): Promise<void> {
  const x = lora.tensor([[1, 2]], { dtype: 'f64', requiresGrad: true })
  same<typeof x, lora.Tensor>()
  same<
    Extract<typeof x.dtype, 'f32' | 'f64' | 'bf16' | 'f16' | 'i64' | 'u8' | 'bool'>,
    'f32' | 'f64' | 'bf16' | 'f16' | 'i64' | 'u8' | 'bool'
  >()
  same<Exclude<typeof x.dtype, `q${string}`>, 'f32' | 'f64' | 'bf16' | 'f16' | 'i64' | 'u8' | 'bool'>()
  const shape: readonly number[] = x.shape
  const grad: lora.Tensor | null = x.grad
  const number: number = await x.sum().item()
  const big: bigint = await lora.tensor([1n]).itemBigInt()
  const data: Float32Array | Float64Array | BigInt64Array | Uint8Array = await x.data()
  const index: lora.Index[] = [0, [1, -1], null, '...']
  x.at(...index)
    .add(1)
    .mul(x)
    .sum([0, 1], true)
    .reshape(-1)
    .reshape([1, 1])
  const done: void = await x.sum().backward()
  {
    using scratch = lora.zeros([2])
    void scratch
  }
  // @ts-expect-error no such dtype
  lora.zeros([1], { dtype: 'float32' })
  // @ts-expect-error the shape is a list
  lora.zeros(2, 3)
  // @ts-expect-error shapes are not written to
  x.shape = [1]
  // @ts-expect-error an approximation that there is not
  x.gelu('fast')
  void [shape, grad, number, big, data, done]
}

export function layers(): void {
  const dense = new lora.Linear(768, 768, {
    r: 8,
    loraAlpha: 16,
    loraDropout: 0.1,
    bias: true,
    fanInFanOut: false,
    mergeWeights: true,
  })
  void new lora.Embedding(50257, 768, { r: 4, paddingIdx: 0, scaleGradByFreq: true })
  void new lora.MergedLinear(768, 2304, {
    r: 4,
    loraAlpha: 32,
    enableLora: [true, false, true],
    fanInFanOut: true,
    dtype: 'bf16',
  })
  same<ReturnType<typeof dense.train>, lora.Linear>()
  same<ReturnType<typeof dense.eval>, lora.Linear>()
  const y: lora.Tensor = dense
    .eval()
    .train()
    .forward(lora.zeros([1, 768]))
  const factor: lora.Tensor | null = dense.loraA
  const scaling: number = dense.scaling
  dense.loraDropout = (x) => x.mul(2)
  dense.loraDropout = new lora.nn.Identity()
  // @ts-expect-error scaling follows from loraAlpha and r
  dense.scaling = 2
  // @ts-expect-error Python's spelling
  void new lora.Linear(4, 4, { r: 2, lora_alpha: 2 })
  // @ts-expect-error blocks are on or off
  void new lora.MergedLinear(4, 6, { r: 2, enableLora: [1, 0, 1] })
  // @ts-expect-error no such mode
  lora.markOnlyLoraAsTrainable(dense, 'lora-only')
  void [y, factor, scaling]
}

/** A model of a user's own. */
export class Model extends lora.nn.Module {
  words = new lora.Embedding(11, 8, { r: 2 })
  blocks = [new lora.nn.Linear(8, 8), new lora.nn.Linear(8, 8)]
  norm = new lora.nn.LayerNorm(8)
  head = new lora.nn.Sequential(new lora.nn.GELU({ approximate: 'tanh' }), new lora.nn.Linear(8, 11, { bias: false }))

  override forward(ids: lora.Tensor, { scale = 1 } = {}): { logits: lora.Tensor } {
    const hidden = this.blocks.reduce((x, block) => block.forward(x), this.words.forward(ids))
    return { logits: (this.head.forward(this.norm.forward(hidden)) as lora.Tensor).mul(scale) }
  }
}

export async function training(model: Model): Promise<void> {
  lora.markOnlyLoraAsTrainable(model, 'lora_only')
  const paths: string[] = lora.injectLora(model, { targets: [/blocks/, 'head.1'], r: 4 })
  const optimizer = new lora.optim.AdamW(
    model.parameters().filter((p) => p.requiresGrad),
    { lr: 1e-3, betas: [0.9, 0.99] },
  )
  const { logits } = model.train().forward(lora.tensor([1n, 2n]))
  const loss = lora.nn.functional.crossEntropy(logits, lora.tensor([2n, 3n]), { labelSmoothing: 0.1 })
  loss.backward()
  const norm: lora.Tensor = lora.optim.clipGradNorm(model.parameters(), 1)
  await optimizer.step()
  optimizer.zeroGrad()
  const { missingKeys, unexpectedKeys } = model.loadStateDict(await lora.load('a.safetensors'), { strict: false })
  await lora.save(lora.loraStateDict(model), 'a.safetensors', { metadata: { step: '1' } })
  const bytes: number = lora.memory().optimizer.bytes
  for (const [name, parameter] of model.namedParameters()) void [name.length, parameter.grad]
  // @ts-expect-error betas are two
  void new lora.optim.AdamW(model.parameters(), { betas: [0.9] })
  void [paths, norm, missingKeys, unexpectedKeys, bytes]
}

export async function languageModel(): Promise<void> {
  const model = lora.models.GPT2LMHeadModel.fromConfig({ n_layer: 2, n_embd: 64, n_head: 4 }, { dtype: 'bf16' })
  const { loss, logits } = model.forward([[1, 2]], { labels: [[1, 2]] })
  same<typeof loss, lora.Tensor>()
  same<typeof logits, lora.Tensor>()
  await loss.backward()
  // Without labels, and where they may be missing, there may be no loss.
  same<ReturnType<typeof withoutLabels>, lora.Tensor | null>()
  function withoutLabels(labels?: number[][] | null) {
    void model.forward([[1, 2]])
    return model.forward([[1, 2]], { labels }).loss
  }
  const masked = lora.models.BertForMaskedLM.fromConfig({}).forward([[1]], { labels: [[1]] })
  same<typeof masked.loss, lora.Tensor>()
  const auto = await lora.models.AutoModelForSequenceClassification.fromPretrained('folder')
  const { loss: classified } = auto.forward([[1]], { labels: [1], attentionMask: [[1]] })
  same<typeof classified, lora.Tensor>()
  // @ts-expect-error without labels the loss may be null
  auto.forward([[1]]).loss.backward()
  const ids: number[][] = await model.generate([1, 2, 3], { maxNewTokens: 4, temperature: 0.8, topK: 5, seed: 1 })
  const loaded: lora.models.GPT2LMHeadModel = await lora.models.GPT2LMHeadModel.fromPretrained('folder')
  void [ids, loaded]
}

export function containers(x: lora.Tensor): void {
  const list = new nn.ModuleList(Array.from({ length: 2 }, () => new nn.Linear(2, 2)))
  same<typeof list, nn.ModuleList<nn.Linear>>()
  for (const layer of list) same<ReturnType<typeof layer.forward>, lora.Tensor>()
  const y: lora.Tensor = list.at(-1).forward(list[0]!.forward(x))
  const mixed: nn.ModuleList = new nn.ModuleList<lora.nn.Module>([new nn.Linear(2, 2)]).append(new nn.ReLU())
  const dict = new nn.ModuleDict({ norm: new nn.LayerNorm(2), head: new nn.Linear(2, 3) })
  same<ReturnType<typeof dict.get<'norm'>>, nn.LayerNorm>()
  const z: lora.Tensor = dict.get('head').forward(dict.get('norm').forward(x))
  // @ts-expect-error no such module
  dict.get('tail')
  const encoder = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(8, 2), 2, { norm: new nn.LayerNorm(8) })
  same<ReturnType<typeof encoder.forward>, lora.Tensor>()
  void [y, z, mixed]
}

export async function checkpoints(model: Model, optimizer: lora.optim.AdamW): Promise<void> {
  const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 10 })
  const state = {
    model: model.stateDict(),
    optimizer: optimizer.stateDict(),
    scheduler: scheduler.stateDict(),
    epoch: 1,
  }
  await lora.save(state, 'run.safetensors')
  const back = await lora.load<typeof state>('run.safetensors')
  model.loadStateDict(back.model)
  optimizer.loadStateDict(back.optimizer)
  scheduler.loadStateDict(back.scheduler)
  const plateau = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { mode: 'max' })
  plateau.step(0.5)
  // @ts-expect-error a metric is needed
  plateau.step()
  // @ts-expect-error a module is no state: its stateDict() is
  await lora.save(model, 'model.safetensors')
  void back.epoch.toFixed(0)
}

export function errors(error: unknown): string {
  if (error instanceof lora.ShapeError) return error.expected
  if (error instanceof lora.LoraError && error.code === 'ERR_LORA_BACKLOG') return error.hint
  // @ts-expect-error no such code
  if (error instanceof lora.LoraError && error.code === 'ERR_LORA_NOTHING') return ''
  return ''
}

export function streams(): void {
  const stream: lora.Stream = lora.stream({ priority: 1, seed: 5n })
  const x: lora.Tensor = stream.run(() => lora.noGrad(() => lora.rand([2], { generator: new lora.Generator(1) })))
  const y: lora.Tensor = lora.checkpoint((a: lora.Tensor, b: lora.Tensor) => a.mul(b), x, x)
  stream.abort()
  void [y, lora.keep(x)]
}

/** A subpath is the namespace of the same name: the same classes, so what one makes the other takes. */
export function subpaths(model: Model): void {
  same<typeof adapters, typeof lora.adapters>()
  same<typeof data, typeof lora.data>()
  same<typeof generation, typeof lora.generation>()
  same<typeof hub, typeof lora.hub>()
  same<typeof metrics, typeof lora.metrics>()
  same<typeof models, typeof lora.models>()
  same<typeof nn, typeof lora.nn>()
  same<typeof optim, typeof lora.optim>()
  same<typeof tokenizers, typeof lora.tokenizers>()
  same<typeof train, typeof lora.train>()
  const layer: nn.Linear = new lora.nn.Linear(2, 2)
  const optimizer: optim.AdamW = new lora.optim.AdamW(model.parameters(), { lr: 1e-3 })
  const config: Partial<models.GPT2Config> = { n_layer: 2 }
  const options: nn.LinearOptions = { bias: false }
  // @ts-expect-error LoRA's layer is another class
  const adapted: lora.Linear = new nn.Linear(2, 2)
  // @ts-expect-error what is not public is not there
  type Hidden = typeof nn.checkKeys
  void [layer, optimizer, config, options, adapted, null as Hidden | null]
}

/** A library over loralib: its own declarations name these types, though nothing here does. */
export const inferred = {
  tensor: () => lora.zeros([1]),
  output: (model: models.LlamaForCausalLM) => model.forward([[1, 2]]),
  layer: (layer: nn.Linear) => lora.Linear.fromLayer(layer, { r: 1 }),
  optimizer: (model: nn.Module) => new optim.AdamW(model.parameters()).paramGroups,
  cache: new lora.data.DataLoader([lora.ones([1])], { batchSize: 1 }),
  recipe: (recipe: typeof train.glueRecipe) => recipe,
  memory: lora.memory,
}
