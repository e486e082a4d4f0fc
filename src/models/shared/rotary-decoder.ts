// One decoder for the architectures since Llama, which differ in a few traits.
import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import { Module } from '../../nn/module.js'
import { resolvePadding } from '../../runtime/options.js'
import type { RMSNorm } from '../../nn/rms-norm.js'
import type { Dtype, Tensor } from '../../tensor/tensor.js'
import { withFloatsOf } from './config-text.js'
import { lastTokens, runDecoder } from './decoder.js'
import type { Decoder, DecoderOptions, TokenEmbedding } from './decoder.js'
import { familyConfig } from './decoder-family.js'
import type { DecoderFamily, Traits } from './decoder-family.js'
import type { DecoderOutput } from './decoder-output.js'
import { FusedGatedMLP, GatedMLP } from './gated-mlp.js'
import type { Ids } from '../../generation/ids.js'
import type { Reads } from './packing.js'
import { offsetRmsNorm, rmsNorm, within } from './parts.js'
import type { NormMaker } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import type { ModelClass } from './pretrained-model.js'
import { freshWeights, readWeights, readyModel, savePretrained } from './pretrained.js'
import type { FreshOptions, PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import { FusedAttention, RotaryAttention } from './rotary-attention.js'
import type { RotaryContext } from './rotary-attention.js'
import type { RotaryDecoderConfig } from './rotary-config.js'
import { RotaryTables } from './rotary.js'
import type { RotaryConfig } from './rotary-frequencies.js'

/** `x ← x + attention(norm(x));  x ← x + mlp(norm(x))`. */
class RotaryBlock extends Module {
  self_attn: RotaryAttention | FusedAttention
  mlp: GatedMLP | FusedGatedMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm
  dropout: Dropout | null
  private readonly multiplier: number

  constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource) {
    super()
    const norm = normMaker(config, traits)
    this.self_attn = attention(config, traits, index, within(take, 'self_attn'))
    this.mlp = mlp(config, traits, within(take, 'mlp'))
    this.input_layernorm = norm(take, 'input_layernorm', config.hidden_size)
    this.post_attention_layernorm = norm(take, 'post_attention_layernorm', config.hidden_size)
    this.dropout = traits.residualDropout ? new Dropout(traits.residualDropout) : null
    this.multiplier = traits.residualMultiplier ?? 1
  }

  override forward(x: Tensor, context: RotaryContext): Tensor {
    const attended = this.self_attn.forward(this.input_layernorm.forward(x), context)
    const between = lastTokens(x, context.last).add(this.branch(attended))
    return between.add(this.branch(this.mlp.forward(this.post_attention_layernorm.forward(between))))
  }

  /** What an output of attention or MLP adds to the hidden states. */
  private branch(x: Tensor): Tensor {
    const dropped = this.dropout === null ? x : this.dropout.forward(x)
    return scaled(dropped, this.multiplier)
  }
}

/** `x ← x + norm(attention(norm(x)));  x ← x + norm(mlp(norm(x)))`, four norms in all. */
class SandwichBlock extends Module {
  self_attn: RotaryAttention | FusedAttention
  mlp: GatedMLP | FusedGatedMLP
  input_layernorm: RMSNorm
  post_attention_layernorm: RMSNorm
  pre_feedforward_layernorm: RMSNorm
  post_feedforward_layernorm: RMSNorm

  constructor(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource) {
    super()
    const norm = normMaker(config, traits)
    const C = config.hidden_size
    this.self_attn = attention(config, traits, index, within(take, 'self_attn'))
    this.mlp = mlp(config, traits, within(take, 'mlp'))
    this.input_layernorm = norm(take, 'input_layernorm', C)
    this.post_attention_layernorm = norm(take, 'post_attention_layernorm', C)
    this.pre_feedforward_layernorm = norm(take, 'pre_feedforward_layernorm', C)
    this.post_feedforward_layernorm = norm(take, 'post_feedforward_layernorm', C)
  }

  override forward(x: Tensor, context: RotaryContext): Tensor {
    const attended = this.self_attn.forward(this.input_layernorm.forward(x), context)
    const between = lastTokens(x, context.last).add(this.post_attention_layernorm.forward(attended))
    const y = this.mlp.forward(this.pre_feedforward_layernorm.forward(between))
    return between.add(this.post_feedforward_layernorm.forward(y))
  }
}

function normMaker({ rms_norm_eps: eps }: RotaryDecoderConfig, { offsetNorms }: Traits): NormMaker {
  return (take, name, width) => (offsetNorms ? offsetRmsNorm : rmsNorm)(take, name, width, eps)
}

function attention(config: RotaryDecoderConfig, traits: Traits, index: number, take: WeightSource) {
  const { head_dim: headDim } = config
  const isWindowed = traits.hasWindow?.[index] ?? false
  const options = {
    index,
    width: config.hidden_size,
    heads: config.num_attention_heads,
    keyHeads: config.num_key_value_heads,
    headDim,
    std: config.initializer_range,
    dropout: config.attention_dropout,
    scale: traits.scale ?? 1 / Math.sqrt(headDim),
    softcap: traits.softcap ?? null,
    window: isWindowed ? traits.window! : null,
    rotary: isWindowed && traits.rotary?.length === 2 ? 1 : 0,
    queryBias: traits.queryBias ?? false,
    outputBias: traits.outputBias ?? false,
    headNorm: traits.headNorms ? normMaker(config, traits) : null,
  }
  return traits.isFused ? new FusedAttention(options, take) : new RotaryAttention(options, take)
}

function mlp(config: RotaryDecoderConfig, traits: Traits, take: WeightSource) {
  const { hidden_size: width, intermediate_size: inner, initializer_range: std } = config
  const options = { width, inner, std, activation: traits.activation, bias: traits.mlpBias ?? false }
  return traits.isFused ? new FusedGatedMLP(options, take) : new GatedMLP(options, take)
}

/**
 * A decoder with rotary positions and without a head: token embeddings, blocks with root mean square norms, a final norm. Llama and the families
 * that came after it are such decoders.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`layers.0.self_attn.q_proj.weight`).
 */
export abstract class RotaryDecoder<Config extends RotaryDecoderConfig = RotaryDecoderConfig>
  extends PretrainedModel
  implements Decoder
{
  /** @internal */
  static readonly family: DecoderFamily

  readonly config: Config
  gradientCheckpointing = false
  embed_tokens: TokenEmbedding
  layers: (RotaryBlock | SandwichBlock)[]
  norm: RMSNorm
  /** Logits of a head are capped by it. @internal */
  readonly logitSoftcap: number | null
  /** Logits of a head are divided by it. @internal */
  readonly logitsScaling: number
  /** Generation computes a sequence anew when it gets longer than this; null for never. @internal */
  readonly recomputeBeyond: number | null
  /** Longest sequence that generation makes; any with `dynamic` rotary positions. @internal */
  readonly maxPositions: number
  private readonly rotary: readonly RotaryTables[]
  private readonly window: number | null
  private readonly scalesEmbeddings: boolean
  private readonly embeddingMultiplier: number

  constructor(config: Partial<Config> = {}, options: FreshOptions = {}, take?: WeightSource) {
    super()
    const family = new.target.family as unknown as DecoderFamily<Config>
    const owner = `${family.name}Model`
    take ??= freshWeights(owner, options)
    const { config: complete, traits } = familyConfig(family, config)
    this.config = complete
    const { vocab_size: V, hidden_size: C, initializer_range: std, pad_token_id: paddingIdx } = complete
    const init = paddingIdx === null ? { std } : { std, zeroRow: resolvePadding(owner, paddingIdx, V) }
    this.embed_tokens = new Embedding(V, C, { weight: take('embed_tokens.weight', [V, C], init), paddingIdx })
    const Block = traits.postNorms ? SandwichBlock : RotaryBlock
    const block = (_: unknown, i: number) => new Block(complete, traits, i, within(take, `layers.${i}`))
    this.layers = Array.from({ length: complete.num_hidden_layers }, block)
    this.norm = normMaker(complete, traits)(take, 'norm', C)
    const kinds: readonly RotaryConfig[] = traits.rotary ?? [complete]
    this.rotary = kinds.map((each) => new RotaryTables(`${family.name}Config`, each, traits.partialRotary))
    this.recomputeBeyond = traits.recomputesLong ? this.rotary[0]!.originalLength : null
    const isUnbounded = this.rotary.every((tables) => tables.isUnbounded)
    this.maxPositions = isUnbounded ? Infinity : complete.max_position_embeddings
    this.window = traits.hasWindow?.includes(true) ? traits.window! : null
    this.scalesEmbeddings = traits.scalesEmbeddings ?? false
    this.embeddingMultiplier = traits.embeddingMultiplier ?? 1
    this.logitSoftcap = traits.logitSoftcap ?? null
    this.logitsScaling = traits.logitsScaling ?? 1
  }

  /**
   * Reads a folder with `config.json` and its weights, which may include a head; the head is left out. The model is in evaluation mode.
   * @see {@link RotaryCausalLM.fromPretrained}
   */
  static async fromPretrained<M extends RotaryDecoder>(
    this: ModelClass<M, FreshOptions>,
    dir: string,
    options: PretrainedOptions = {},
  ): Promise<M> {
    const { defaults } = (this as unknown as typeof RotaryDecoder).family
    const { config, weights } = await readWeights(dir, [defaults.model_type], nameWithoutHead, options)
    const model = new this(config as Partial<M['config']>, {}, weights.take)
    withFloatsOf(model.config, config)
    weights.close({ ignore: [] })
    return readyModel(model, options)
  }

  get inputEmbeddings(): TokenEmbedding {
    return this.embed_tokens
  }

  /** `reads`: which outputs will be read. */
  override forward(inputIds: Ids, options: DecoderOptions = {}, reads: Reads = 'unmasked'): DecoderOutput {
    const owner = `${this.constructor.name}.forward`
    return runDecoder<RotaryContext>(owner, inputIds, options, reads, {
      model: this,
      blocks: this.layers,
      norm: this.norm,
      window: this.window,
      begin: (ids, span) => {
        const x = this.embed(ids) // (B, T, C)
        const rotations = this.rotary.map((tables) => tables.rotation(owner, { ...span, dtype: x.dtype }))
        return { x, beside: { rotations } }
      },
    })
  }

  private embed(ids: Tensor): Tensor {
    const x = this.embed_tokens.forward(ids)
    if (!this.scalesEmbeddings) return scaled(x, this.embeddingMultiplier)
    return x.mul(rounded(Math.sqrt(this.config.hidden_size), this.embed_tokens.weight.dtype))
  }

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    const config = { ...this.config, architectures: [this.architecture] }
    await savePretrained(this, dir, { ...options, leaveOut: [], config })
  }

  /** The name of the class in `config.json`. */
  protected get architecture(): string {
    return this.constructor.name
  }
}

function scaled(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : x.mul(factor)
}

/** A number rounded to a type of weights: Gemma was trained with the factor of its embeddings in bf16, and transformers rounds it to the type of the table. */
function rounded(x: number, dtype: Dtype): number {
  const bits = dtype === 'bf16' ? 7 : dtype === 'f16' ? 10 : null
  if (bits === null) return x
  const step = 2 ** (Math.floor(Math.log2(x)) - bits)
  return Math.round(x / step) * step
}

function nameWithoutHead(name: string): string | null {
  return name.startsWith('lm_head.') || isFrequency(name) ? null : name.replace(/^model\./, '')
}

/** Whether a tensor is the rotary frequencies, which files of old releases contain. */
export function isFrequency(name: string): boolean {
  return name.endsWith('rotary_emb.inv_freq')
}
