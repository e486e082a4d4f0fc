// Generated from src/models/shared/causal-lm.ts by `npm run api`. Do not edit.

import type { GenerateOptions, GenerateOutput, GeneratedToken, Prompt } from '../../generation/generate.js'
import { CausalLMOutput } from './causal-lm-output.js'
import type { Decoder, DecoderOptions } from './decoder.js'
import type { Ids } from '../../generation/ids.js'
import type { Layer } from './parts.js'
import { PretrainedModel } from './pretrained-model.js'
import type { SaveOptions } from './pretrained.js'
/** Options of the forward of a language model. */
export interface CausalLMOptions extends DecoderOptions {
  /**
   * Token ids to predict, (B, T), aligned with the input: the model compares the output at t with the label at t + 1. −100 counts not.
   * The head runs only on the positions that count, which saves most of its cost on prompts and padding. A plain head makes one operation with
   * the loss, `nn.functional.linearCrossEntropy`: the logits are never formed as a whole. A head that LoRA adapts forms those of the positions that count,
   * or of all where the labels are a tensor whose numbers are not known.
   *
   * Where they are known, in rows or in a tensor that was made of numbers, and while gradients are recorded, tokens behind the last label of their row are
   * not even computed, when they are many: only {@link CausalLMOutput.logits} and `lastHiddenState` would show them, and compute them when asked for. A
   * label that is predicted at a position of padding, as that of the first token behind padding on the left is, makes the whole batch be computed: give
   * it −100.
   */
  labels?: Ids | null
  /** Share of each label that is spread evenly over the vocabulary, as LoRA's NLG example trains (0.1). @default 0 */
  labelSmoothing?: number
  /** Compute the logits of the last n positions only. @default all */
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
 * A decoder with a language-model head: what GPT-2, Llama and their like have in common.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`.
 */
export declare abstract class CausalLM extends PretrainedModel {
  abstract readonly config: CausalLMConfig
  abstract lm_head: Layer
  /** The model below the head. */
  protected abstract get decoder(): Decoder
  /** Longest sequence the model is made for. */
  abstract get maxPositions(): number
  /** Logits x become `cap · tanh(x / cap)`; null where they stay as the head gives them. */
  protected get logitSoftcap(): number | null
  forward(inputIds: Ids, options?: CausalLMOptions): CausalLMOutput
  private forwardWithLoss
  /** From hidden states to logits. */
  private get head()
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
   * From now on, backward computes each block again instead of keeping what it needs, in training mode: activations take the memory of one
   * block and one tensor (B, T, C) for each, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
  /**
   * Writes `config.json` and `model.safetensors`, as transformers does: a tied head is left out. A head that is tied no longer, because the
   * embedding was adapted and merged without it, is written, and the configuration says so.
   */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
}
