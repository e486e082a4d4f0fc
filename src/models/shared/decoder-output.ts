import { isGradEnabled, withGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { KvCache } from '../../generation/kv-cache.js'
import type { Packing } from './packing.js'

/** The output of a decoder without a head. Positions that were not computed, those of padding, are zeros. */
export class DecoderOutput {
  readonly pastKeyValues: KvCache | null
  /** @internal Output of the final norm, (B, T, C), or (1, N, C) with a packing. */
  readonly rows: Tensor
  /** @internal The positions in `rows`; null for all. */
  readonly packing: Packing | null
  private readonly states: readonly Tensor[] | null
  private readonly recordsGrad = isGradEnabled()
  private last: Tensor | null = null
  private all: Tensor[] | null = null

  /** @internal */
  constructor(
    rows: Tensor,
    parts: { states: readonly Tensor[] | null; packing: Packing | null; pastKeyValues: KvCache | null },
  ) {
    this.rows = rows
    this.packing = parts.packing
    this.states = parts.states
    this.pastKeyValues = parts.pastKeyValues
  }

  /** Output of the final norm, (B, T, C). */
  get lastHiddenState(): Tensor {
    return (this.last ??= this.spread(this.rows))
  }

  /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
  get hiddenStates(): Tensor[] | null {
    const { states } = this
    if (states === null) return null
    return (this.all ??= states.map((state, i) =>
      i === states.length - 1 ? this.lastHiddenState : this.spread(state),
    ))
  }

  /** @internal Values of the computed positions, as `rows`, at their positions in (B, T, …). */
  spread(rows: Tensor): Tensor {
    const { packing } = this
    return packing === null ? rows : withGrad(this.recordsGrad, () => packing.spread(rows), 'DecoderOutput')
  }
}
