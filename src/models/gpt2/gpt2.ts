import { TransposedLinear } from '../../nn/linear.js'
import { Dropout } from '../../nn/dropout.js'
import { Embedding } from '../../nn/embedding.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { bad } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import { arange } from '../../tensor/make.js'
import { CausalLM, languageModelHead, readCausalLM } from '../shared/causal-lm.js'
import { causalAttention, lastTokens, runDecoder } from '../shared/decoder.js'
import type { AttentionContext, DecoderOptions, TokenSpan, TokenEmbedding } from '../shared/decoder.js'
import type { DecoderOutput } from '../shared/decoder-output.js'
import { gpt2Config } from './config.js'
import type { GPT2Config } from './config.js'
import { idsTensor } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import type { Reads } from '../shared/packing.js'
import { activation, layerNorm, within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions, PretrainedOptions, WeightSource } from '../shared/pretrained.js'

/** Multi-head causal attention with one product for q, k and v. */
class GPT2Attention extends Module {
  c_attn: Layer
  c_proj: Layer
  attn_dropout: Dropout
  resid_dropout: Dropout
  private readonly heads: number
  private readonly index: number
  private readonly scale: number

  constructor(config: GPT2Config, index: number, take: WeightSource) {
    super()
    const { n_embd: C, initializer_range: std } = config
    const D = C / config.n_head
    this.heads = config.n_head
    this.index = index
    this.scale =
      (config.scale_attn_weights ? 1 / Math.sqrt(D) : 1) / (config.scale_attn_by_inverse_layer_idx ? index + 1 : 1)
    this.c_attn = transposed(C, 3 * C, take, 'c_attn', std)
    this.c_proj = transposed(C, C, take, 'c_proj', std / Math.sqrt(2 * config.n_layer))
    this.attn_dropout = new Dropout(config.attn_pdrop)
    this.resid_dropout = new Dropout(config.resid_pdrop)
  }

  override forward(x: Tensor, context: AttentionContext): Tensor {
    const [B = 0, T = 0, C = 0] = x.shape
    const heads = this.c_attn.forward(x).reshape([B, T, 3 * this.heads, C / this.heads])
    const [q, k, v] = heads.chunk(3, 2) as [Tensor, Tensor, Tensor] // (B, T, H, D)
    const dropoutP = this.attn_dropout.training ? this.attn_dropout.p : 0
    const y = causalAttention(lastTokens(q, context.last), k, v, context, {
      layer: this.index,
      scale: this.scale,
      dropoutP,
    })
    return this.resid_dropout.forward(this.c_proj.forward(y))
  }
}

/** Two dense layers with a non-linearity between them. */
class GPT2MLP extends Module {
  c_fc: Layer
  c_proj: Layer
  act: Layer
  dropout: Dropout

  constructor(config: GPT2Config, take: WeightSource) {
    super()
    const { n_embd: C, initializer_range: std } = config
    const inner = config.n_inner ?? 4 * C
    this.c_fc = transposed(C, inner, take, 'c_fc', std)
    this.c_proj = transposed(inner, C, take, 'c_proj', std / Math.sqrt(2 * config.n_layer))
    this.act = activation(config.activation_function)
    this.dropout = new Dropout(config.resid_pdrop)
  }

  override forward(x: Tensor): Tensor {
    return this.dropout.forward(this.c_proj.forward(this.act.forward(this.c_fc.forward(x))))
  }
}

/** `x ← x + attn(ln_1(x));  x ← x + mlp(ln_2(x))`. */
class GPT2Block extends Module {
  ln_1: LayerNorm
  attn: GPT2Attention
  ln_2: LayerNorm
  mlp: GPT2MLP

  constructor(config: GPT2Config, index: number, take: WeightSource) {
    super()
    this.ln_1 = norm(config, take, 'ln_1')
    this.attn = new GPT2Attention(config, index, within(take, 'attn'))
    this.ln_2 = norm(config, take, 'ln_2')
    this.mlp = new GPT2MLP(config, within(take, 'mlp'))
  }

  override forward(x: Tensor, context: AttentionContext): Tensor {
    const attended = lastTokens(x, context.last).add(this.attn.forward(this.ln_1.forward(x), context))
    return attended.add(this.mlp.forward(this.ln_2.forward(attended)))
  }
}

/**
 * GPT-2 without a head (Radford et al. 2019): token and position embeddings, blocks, a final norm.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`. Parameter names as in Hugging Face checkpoints (`h.0.attn.c_attn.weight`).
 */
export class GPT2Model extends Module {
  readonly config: GPT2Config
  gradientCheckpointing = false
  wte: TokenEmbedding
  wpe: { forward(ids: Tensor): Tensor } & Module
  drop: Dropout
  h: GPT2Block[]
  ln_f: LayerNorm

  constructor(config: Partial<GPT2Config> = {}, options: FreshOptions = {}, take = freshWeights('GPT2Model', options)) {
    super()
    this.config = gpt2Config(config)
    const { vocab_size: V, n_positions, n_embd: C, initializer_range: std } = this.config
    this.wte = new Embedding(V, C, { weight: take('wte.weight', [V, C], { std }) })
    this.wpe = new Embedding(n_positions, C, { weight: take('wpe.weight', [n_positions, C], { std }) })
    this.drop = new Dropout(this.config.embd_pdrop)
    const block = (_: unknown, i: number) => new GPT2Block(this.config, i, within(take, `h.${i}`))
    this.h = Array.from({ length: this.config.n_layer }, block)
    this.ln_f = norm(this.config, take, 'ln_f')
  }

  get inputEmbeddings(): TokenEmbedding {
    return this.wte
  }

  override checkpointKey(key: string): string | null {
    const name = checkpointName(key)
    return name === null || name.startsWith('lm_head.') ? null : name.slice('transformer.'.length)
  }

  /** `reads`: which outputs will be read. */
  override forward(inputIds: Ids, options: DecoderOptions = {}, reads: Reads = 'unmasked'): DecoderOutput {
    return runDecoder('GPT2Model.forward', inputIds, options, reads, {
      model: this,
      blocks: this.h,
      norm: this.ln_f,
      begin: (ids, span) => {
        if (!options.positionIds) this.checkLength(span)
        const positions = this.wpe.forward(positionsOf(span))
        return { x: this.drop.forward(this.wte.forward(ids).add(positions)), beside: {} }
      },
    })
  }

  private checkLength({ past, tokens }: TokenSpan): void {
    const limit = this.config.n_positions
    if (past + tokens <= limit) return
    const received = past > 0 ? `${past} cached and ${tokens} new tokens` : `${tokens} tokens`
    throw bad(
      'GPT2Model.forward',
      'inputIds',
      `at most ${limit} tokens (n_positions)`,
      received,
      'truncate the sequence',
    )
  }
}

function positionsOf({ past, tokens, positionIds }: TokenSpan): Tensor {
  if (positionIds === null) return arange(past, past + tokens, 1, { dtype: 'i64' })
  return idsTensor('GPT2Model.forward', 'positionIds', positionIds)
}

/**
 * GPT-2 with a language-model head, whose weight is that of the token embedding unless `tie_word_embeddings` is false.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints
 * (`transformer.h.0.attn.c_attn.weight`, (in, out)). Fresh weights: N(0, initializer_range²), smaller by √(2·n_layer) in the output projections
 * of attention and MLP; biases 0.
 *
 * @example
 * const model = await models.GPT2LMHeadModel.fromPretrained('gpt2')
 * lora.injectLora(model, { targets: ['c_attn'], r: 4, loraAlpha: 32, enableLora: [true, false, true] })
 * lora.markOnlyLoraAsTrainable(model)
 * model.train()
 * const { loss } = model.forward(batch.inputIds, { labels: batch.labels })
 * await loss.backward()
 */
export class GPT2LMHeadModel extends CausalLM {
  readonly config: GPT2Config
  transformer: GPT2Model
  lm_head: Layer

  constructor(
    config: Partial<GPT2Config> = {},
    options: FreshOptions = {},
    take = freshWeights('GPT2LMHeadModel', options),
  ) {
    super()
    this.transformer = new GPT2Model(config, {}, within(take, 'transformer'))
    this.config = this.transformer.config
    const { tie_word_embeddings: tied, initializer_range: std } = this.config
    this.lm_head = languageModelHead(this.transformer.inputEmbeddings, tied, take, std)
  }

  /**
   * Reads a folder with `config.json` and `model.safetensors` (or its shards); the model is in evaluation mode, as in transformers.
   *
   * Weights keep the type of the file (bf16 and f16 are computed in f32) and stay in the file's pages; biases and norms are widened.
   * Names with and without the prefix `transformer.` and those of the first releases (`ln_1.g`, `c_attn.w`) are accepted, by `loadStateDict` too; the mask buffers
   * of old files are ignored.
   * @throws {KeyError} listing every missing, unexpected and misshapen tensor at once.
   */
  static fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<GPT2LMHeadModel> {
    return readCausalLM(dir, options, 'gpt2', checkpointName, (config, take) => new GPT2LMHeadModel(config, {}, take))
  }

  override checkpointKey(key: string): string | null {
    return checkpointName(key)
  }

  protected override get decoder(): GPT2Model {
    return this.transformer
  }

  /** Longest sequence that the model supports. */
  override get maxPositions(): number {
    return this.config.n_positions
  }
}

function transposed(inF: number, outF: number, take: WeightSource, name: string, std: number): TransposedLinear {
  const weight = take(`${name}.weight`, [inF, outF], { std })
  return new TransposedLinear(inF, outF, { weight, bias: take(`${name}.bias`, [outF], { value: 0 }) })
}

function norm(config: GPT2Config, take: WeightSource, name: string): LayerNorm {
  return layerNorm(take, name, config.n_embd, config.layer_norm_epsilon)
}

/** The ends of names in the first releases, and those of today. */
const ENDS: Readonly<Record<string, string>> = { g: 'weight', w: 'weight', b: 'bias' }

/**
 * A name in files that circulate → ours; null for the causal mask, which old releases have as a buffer. The first GPT-2 files have no prefix, those of its first ports
 * short ends (`ln_1.g`, `c_attn.w`), and the model of LoRA's NLG example holds its head in `lm_head.decoder`.
 */
export function checkpointName(name: string): string | null {
  if (/(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/.test(name)) return null
  const long = name
    .replace(/((?:^|\.)(?:ln_\w+|c_\w+)\.)([gwb])$/, (_, layer: string, end: string) => layer + ENDS[end]!)
    .replace(/^lm_head\.decoder\./, 'lm_head.')
  return long.startsWith('transformer.') || long.startsWith('lm_head.') ? long : `transformer.${long}`
}
