// The base of every language model: head, loss on the labels, generation, files.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import { generate, stream } from '../../generation/generate.js'
import type { GenerateOptions, GenerateOutput, GeneratedToken, Prompt } from '../../generation/generate.js'
import { withTokenCounts } from '../../lora/active.js'
import { Linear } from '../../nn/linear.js'
import type { Tensor } from '../../tensor/tensor.js'
import { CausalLMOutput, laterForward } from './causal-lm-output.js'
import { withFloatsOf } from './config-text.js'
import type { Decoder, DecoderOptions, TokenEmbedding } from './decoder.js'
import { knownRows } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { sizeOf } from './packing.js'
import type { Layer } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import { readWeights, readyModel, savePretrained } from './pretrained.js'
import type { PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import { readPositions, tokenLoss } from './token-loss.js'

/** Options of the forward of a language model. */
export interface CausalLMOptions extends DecoderOptions {
  /**
   * Token ids to predict, (B, T), aligned with the input: the model compares the output at t with the label at t + 1. −100 is ignored.
   * The head runs only on the positions with a label, which saves most of its cost on prompts and padding. A plain head and the loss are one operation,
   * `nn.functional.linearCrossEntropy`, which never forms the logits as a whole. A head with LoRA forms the logits of the positions with a label, or of all
   * positions where the labels are a tensor whose values are not known.
   *
   * Where the labels are known (rows of numbers, or a tensor made from numbers) and gradients are recorded, tokens after the last label of their row are not
   * computed at all if there are many of them; {@link CausalLMOutput.logits} and `lastHiddenState` compute them on access. A label that is predicted at a
   * position of padding, such as that of the first token after padding on the left, makes the whole batch be computed: set it to −100. @shallow @default none
   */
  labels?: Ids | null
  /** Share of each label that is spread evenly over the vocabulary, 0.1 in LoRA's NLG example. @minimum 0 @maximum 1 @default 0 */
  labelSmoothing?: number
  /** Compute the logits of the last n positions only. @integer @minimum 0 @default all */
  logitsToKeep?: number
}

/** Fields of a configuration that every language model has. */
export interface CausalLMConfig {
  /** Where generation stops. */
  eos_token_id: number | number[] | null
  /** The head shares the weight of the token embedding. */
  tie_word_embeddings: boolean
  [other: string]: unknown
}

/**
 * A decoder with a language-model head: the base of GPT-2, Llama and others.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
export abstract class CausalLM extends PretrainedModel {
  abstract override readonly config: CausalLMConfig
  abstract lm_head: Layer

  /** The model below the head. */
  protected abstract get decoder(): Decoder

  /** Longest sequence that the model supports. */
  abstract get maxPositions(): number

  /** A head with the weight of the token embedding is loaded with that one: many files hold it once. */
  override optionalKeys(): readonly string[] {
    return this.config.tie_word_embeddings ? ['lm_head.weight'] : []
  }

  /** A sequence that {@link generate} makes longer than this is computed anew, since its heads turn by other angles then; null for never. */
  get recomputeBeyond(): number | null {
    return null
  }

  /** Logits x become `cap · tanh(x / cap)`; null for no cap. */
  protected get logitSoftcap(): number | null {
    return null
  }

  /** Logits are divided by it. */
  protected get logitsScaling(): number {
    return 1
  }

  /** Scores of the next token at each position, and the loss on `labels`. */
  override forward(inputIds: Ids, options: CausalLMOptions & { labels: Ids }): CausalLMOutput<Tensor>
  /** Scores of the next token at each position; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: CausalLMOptions): CausalLMOutput
  override forward(inputIds: Ids, options: CausalLMOptions = {}): CausalLMOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.CausalLMOptions)
    const { labels, labelSmoothing = 0, logitsToKeep, ...rest } = options
    if (labels) return this.forwardWithLoss(owner, inputIds, rest, labels, labelSmoothing)
    const { head } = this
    const last = logitsToKeep ?? null
    const reads = last ? { last } : 'unmasked'
    return new CausalLMOutput(this.decoder.forward(inputIds, rest, reads), head, { last })
  }

  private forwardWithLoss(
    owner: string,
    inputIds: Ids,
    options: DecoderOptions,
    labels: Ids,
    labelSmoothing: number,
  ): CausalLMOutput {
    const known = knownRows(labels)
    const positions = known && readPositions(owner, known, sizeOf(owner, inputIds), 1)
    // Labels whose values are not known here may include positions of padding.
    const reads = positions === null || options.outputHiddenStates ? 'all' : positions
    const decoded = this.decoder.forward(inputIds, options, reads)
    const { packing } = decoded
    const rows = this.scaled(decoded.rows)
    const scorer = this.logitSoftcap === null ? this.lm_head : { forward: (x: Tensor) => this.capped(x) }
    const loss = withTokenCounts(packing, () =>
      packing === null || known === null
        ? tokenLoss(owner, rows, positions?.length ? known! : labels, scorer, { shift: 1, labelSmoothing })
        : tokenLoss(owner, rows, packing.labels(known, 1), scorer, { shift: 0, labelSmoothing }),
    )
    const complete = packing === null || packing.isWhole ? null : laterForward(this, this.decoder, inputIds, options)
    return new CausalLMOutput(decoded, this.head, { loss, complete })
  }

  /** From hidden states to logits. */
  private get head(): (hidden: Tensor) => Tensor {
    return (hidden) => this.capped(this.scaled(hidden))
  }

  /** What the head reads. It has no bias: to divide its input is to divide the logits, which are larger and need not be formed for a loss. */
  private scaled(hidden: Tensor): Tensor {
    return this.logitsScaling === 1 ? hidden : hidden.div(this.logitsScaling)
  }

  /** The logits of what the head reads. */
  private capped(hidden: Tensor): Tensor {
    const [logits, cap] = [this.lm_head.forward(hidden), this.logitSoftcap]
    return cap === null ? logits : logits.div(cap).tanh().mul(cap)
  }

  /** Continues prompts. @see {@link generate} */
  generate(prompt: Prompt, options: GenerateOptions & { returnDictInGenerate: true }): Promise<GenerateOutput>
  generate(prompt: Prompt, options?: GenerateOptions & { returnDictInGenerate?: false }): Promise<number[][]>
  generate(prompt: Prompt, options?: GenerateOptions): Promise<number[][] | GenerateOutput> {
    return generate(this, prompt, options)
  }

  /** Continues prompts, token by token. @see {@link stream} */
  stream(prompt: Prompt, options: GenerateOptions = {}): AsyncGenerator<GeneratedToken, void, void> {
    return stream(this, prompt, options)
  }

  /**
   * From now on, backward recomputes each block in training mode instead of keeping its activations: they take the memory of one block, and of one tensor
   * (B, T, C) per block, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void {
    this.decoder.gradientCheckpointing = true
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.decoder.gradientCheckpointing = false
  }

  /**
   * Writes `config.json` and `model.safetensors`, as transformers does, without a tied head. A head that is no longer tied, because the embedding
   * was adapted and merged without it, is written, and `tie_word_embeddings` is then false.
   */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    const tied = 'weight' in this.lm_head && this.lm_head.weight === this.decoder.inputEmbeddings.weight
    const config = { ...this.config, tie_word_embeddings: tied }
    await savePretrained(this, dir, { ...options, leaveOut: tied ? ['lm_head.weight'] : [], config })
  }
}

/** The head of a language model: the weight of the token embedding when the two are tied, else one of its own, (V, C). */
export function languageModelHead(embeddings: TokenEmbedding, tied: boolean, take: WeightSource, std: number): Linear {
  const [V = 0, C = 0] = embeddings.weight.shape
  const weight = tied ? embeddings.weight : take('lm_head.weight', [V, C], { std })
  return new Linear(C, V, { bias: false, weight })
}

/** Builds a language model from the configuration and the weights of a folder; it is in evaluation mode, as in transformers. */
export async function readCausalLM<M extends CausalLM>(
  dir: string,
  options: PretrainedOptions,
  modelType: string,
  nameOf: (name: string) => string | null,
  build: (config: Record<string, unknown>, take: WeightSource) => M,
): Promise<M> {
  const { config, weights } = await readWeights(dir, [modelType], nameOf, options)
  const model = build(config, weights.take)
  withFloatsOf(model.config, config)
  weights.close({ ignore: model.config.tie_word_embeddings ? ['lm_head.weight'] : [] })
  return readyModel(model, options)
}
