// Generated from src/models/shared/causal-lm.ts by `npm run api`. Do not edit.

import type { GenerateOptions, GenerateOutput, GeneratedToken, Prompt } from '../../generation/generate.js'
import type { Tensor } from '../../tensor/tensor.js'
import { CausalLMOutput } from './causal-lm-output.js'
import type { Decoder, DecoderOptions } from './decoder.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import type { SaveOptions } from './pretrained.js'
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
export declare abstract class CausalLM extends PretrainedModel {
  abstract readonly config: CausalLMConfig
  abstract lm_head: Layer
  /** The model below the head. */
  protected abstract get decoder(): Decoder
  /** Longest sequence that the model supports. */
  abstract get maxPositions(): number
  /** A head with the weight of the token embedding is loaded with that one: many files hold it once. */
  optionalKeys(): readonly string[]
  /** A sequence that {@link generate} makes longer than this is computed anew, since its heads turn by other angles then; null for never. */
  get recomputeBeyond(): number | null
  /** Logits x become `cap · tanh(x / cap)`; null for no cap. */
  protected get logitSoftcap(): number | null
  /** Logits are divided by it. */
  protected get logitsScaling(): number
  /** Scores of the next token at each position, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: CausalLMOptions & {
      labels: Ids
    },
  ): CausalLMOutput<Tensor>
  /** Scores of the next token at each position; `loss` is null without labels. */
  forward(inputIds: Ids, options?: CausalLMOptions): CausalLMOutput
  private forwardWithLoss
  /** From hidden states to logits. */
  private get head()
  /** What the head reads. It has no bias: to divide its input is to divide the logits, which are larger and need not be formed for a loss. */
  private scaled
  /** The logits of what the head reads. */
  private capped
  /** Continues prompts. @see {@link generate} */
  generate(
    prompt: Prompt,
    options: GenerateOptions & {
      returnDictInGenerate: true
    },
  ): Promise<GenerateOutput>
  generate(
    prompt: Prompt,
    options?: GenerateOptions & {
      returnDictInGenerate?: false
    },
  ): Promise<number[][]>
  /** Continues prompts, token by token. @see {@link stream} */
  stream(prompt: Prompt, options?: GenerateOptions): AsyncGenerator<GeneratedToken, void, void>
  /**
   * From now on, backward recomputes each block in training mode instead of keeping its activations: they take the memory of one block, and of one tensor
   * (B, T, C) per block, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
  /**
   * Writes `config.json` and `model.safetensors`, as transformers does, without a tied head. A head that is no longer tied, because the embedding
   * was adapted and merged without it, is written, and `tie_word_embeddings` is then false.
   */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
}
