// Generated from src/models/shared/decoder-output.ts by `npm run api`. Do not edit.

import type { Tensor } from '../../tensor/tensor.js'
import type { KvCache } from '../../generation/kv-cache.js'
/** The output of a decoder without a head. Positions that were not computed, those of padding, are zeros. */
export declare class DecoderOutput {
  readonly pastKeyValues: KvCache | null
  private readonly states
  private readonly recordsGrad
  private last
  private all
  /** Output of the final norm, (B, T, C). */
  get lastHiddenState(): Tensor
  /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
  get hiddenStates(): Tensor[] | null
}
