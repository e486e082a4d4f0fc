// Generated from src/models/shared/causal-lm-output.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
import type { KvCache } from '../../generation/kv-cache.js'
/** The output of a language model; `Loss` is a tensor after a forward with labels. Positions of padding that the model skipped are zeros. */
export declare class CausalLMOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Loss
  readonly pastKeyValues: KvCache | null
  private readonly head
  private readonly recordsGrad
  private readonly inContext
  private readonly last
  private complete
  private decoded
  private computed
  private hidden
  /**
   * Scores over the vocabulary, (B, T, V). After a forward with labels they are computed on first access: read them before weights change. Where that forward
   * skipped tokens that no label needs, all tokens are recomputed, with new draws of dropout.
   * @throws {GradError} `ERR_LORA_VERSION` when weights have changed since a forward that has to be recomputed.
   */
  get logits(): Tensor
  /** Output of the final norm at the positions that `logits` covers, (B, T, C). Computed as {@link logits} are. */
  get lastHiddenState(): Tensor
  /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
  get hiddenStates(): Tensor[] | null
  private computeLogits
  private whole
  private lastOf
  private asRecorded
}
