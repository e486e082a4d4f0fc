// Packed sequences (1, N) as rows (B, S) that begin at offset 0: attention by distance needs rows.
import * as ops from '../../generated/ops.js'
import { tensor, zeros } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Packing } from '../shared/packing.js'

/** A packed batch as rows without padding on the left. Masked positions within a row stay empty, so distances are as in the input. */
export class Alignment {
  /** Length of the longest row, S. */
  readonly width: number
  /** Which positions have a token, (B, 1, 1, S) bool; null when all do. */
  readonly mask: Tensor | null
  private readonly rows: number
  /** Flat index b·S + s of each token, (N) i64; null when the tokens fill the rows in order. */
  private readonly index: Tensor | null

  constructor(packing: Packing) {
    const { starts } = packing
    const [offsets] = packing.offsetsFromFirst() as [number[]]
    const [B, N] = [starts.length - 1, offsets.length]
    const S = offsets.reduce((most, offset) => Math.max(most, offset + 1), 0)
    this.rows = B
    this.width = S
    if (N === B * S) {
      this.mask = null
      this.index = null
      return
    }
    const index = new Float64Array(N)
    const held = new Uint8Array(B * S)
    for (let b = 0; b < B; b++) {
      for (let row = starts[b]!; row < starts[b + 1]!; row++) {
        index[row] = b * S + offsets[row]!
        held[index[row]!] = 1
      }
    }
    this.index = tensor(index, { dtype: 'i64' })
    this.mask = tensor(held, { shape: [B, 1, 1, S], dtype: 'bool' })
  }

  /** (1, N, C) → (B, S, C), zeros where there is no token. */
  spread(x: Tensor): Tensor {
    const [, N = 0, C = 0] = x.shape
    const [B, S] = [this.rows, this.width]
    if (this.index === null) return x.reshape([B, S, C])
    const empty = zeros([B * S, C], { dtype: x.dtype })
    return ops.indexAdd(empty, this.index, x.reshape([N, C]), 0).reshape([B, S, C])
  }

  /** (B, S, C) → (1, N, C). */
  take(x: Tensor): Tensor {
    const [B = 0, S = 0, C = 0] = x.shape
    const rows = x.reshape([B * S, C])
    return (this.index === null ? rows : rows.indexSelect(0, this.index)).unsqueeze(0)
  }
}
