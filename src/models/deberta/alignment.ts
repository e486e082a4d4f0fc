// Sequences that lie one behind the other, (1, N), and the same as rows that begin at place 0, (B, S): what looks at distances needs the rows.
import * as ops from '../../generated/ops.js'
import { tensor, zeros } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Packing } from '../shared/packing.js'

/** A packed batch as rows without padding on the left. Places that a mask leaves out inside of a row stay empty, so distances are as in the input. */
export class Alignment {
  /** Length of the longest row, S. */
  readonly width: number
  /** Which places hold a token, (B, 1, 1, S) bool; null when all do. */
  readonly mask: Tensor | null
  private readonly rows: number
  /** Flat place b·S + s of each token, (N) i64; null when the tokens fill the rows in order. */
  private readonly index: Tensor | null

  constructor(packing: Packing) {
    const { starts } = packing
    const [places] = packing.placesFromFirst() as [number[]]
    const [B, N] = [starts.length - 1, places.length]
    const S = places.reduce((most, place) => Math.max(most, place + 1), 0)
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
        index[row] = b * S + places[row]!
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
