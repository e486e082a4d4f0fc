// When two results count as the same. The truth is the reference in f64. What an f32 computation may differ from it is measured by the reference's own f32 run:
// ours may err by FACTOR times as much, and by ROUNDINGS units of the last place of the tensor's largest element, as the largest error of a few numbers
// is a small sample. A wrong formula differs by a thousand times more.
export const FACTOR = 8
export const ROUNDINGS = 64

/** Half a unit in the last place of 1. */
const ROUNDING = { f32: 2 ** -24, bf16: 2 ** -8, f16: 2 ** -11, f64: 2 ** -53 }
/** The smallest step of f16. */
const STEP = { f16: 2 ** -24 }

/** Below this gap between two scores of a search in f32, rounding decides which is better. */
export const TIE = 2e-5

export class Comparison {
  /** What differs: `{what, text}`. */
  differences = []
  /** The worst error as a share of the allowed one, by group of results. */
  worst = new Map()
  /** How many numbers were compared. */
  numbers = 0

  /** `errors` and `scales` of the reference by name; a scale is where a result is the sum of larger numbers. */
  constructor(truth, { errors, scales }) {
    this.truth = truth
    this.errors = errors
    this.scales = scales
    this.gradient = largest(truth, (name) => /^(base|lora)\.grad\./.test(name))
  }

  /** Names of the truth with a prefix. */
  names(prefix) {
    return [...this.truth.keys()].filter((name) => name.startsWith(prefix))
  }

  /**
   * Compares a tensor with the truth of a name. `on` says which positions count: `(B, T)`, for a tensor `(B, T, …)`.
   * @param group of results, in the report
   */
  async tensor(group, name, got, { on = null, factor = 1, label = name } = {}) {
    const want = this.truth.get(name)
    if (want === undefined) return this.differ(label, 'the reference has no such result')
    if (got === null || got === undefined) return this.differ(label, 'the library gives nothing')
    if (String(got.shape) !== String(want.shape))
      return this.differ(label, `shape (${got.shape}), wanted (${want.shape})`)
    const data = await got.data()
    // Gradients that are 0 but for rounding are as noisy as the largest of the model lets them be.
    const least = group.endsWith('gradients') ? this.gradient / 100 : (this.scales[name] ?? 0)
    const scale = Math.max(want.largest, least)
    const slack = factor * (FACTOR * (this.errors[name] ?? 0) + ROUNDINGS * ROUNDING.f32 * scale)
    const width = on === null ? 1 : data.length / on.length
    let [worst, at] = [0, 0]
    for (let i = 0; i < data.length; i++) {
      if (on !== null && on[Math.floor(i / width)] === 0) continue
      this.numbers += 1
      const allowed =
        slack + (got.dtype === 'f32' ? 0 : 2 * ROUNDING[got.dtype] * Math.abs(want.data[i]) + (STEP[got.dtype] ?? 0))
      const share = Math.abs(data[i] - want.data[i]) / allowed
      if (share > worst || Number.isNaN(share)) [worst, at] = [Number.isNaN(share) ? Infinity : share, i]
    }
    this.note(group, worst)
    if (worst > 1)
      this.differ(label, `[${at}] ${data[at]}, wanted ${want.data[at]}: ${worst.toPrecision(3)} times what is allowed`)
  }

  /** Notes the worst share of a group. */
  note(group, share) {
    this.worst.set(group, Math.max(share, this.worst.get(group) ?? 0))
  }

  differ(what, text) {
    this.differences.push({ what, text })
  }
}

function largest(truth, holds) {
  let most = 0
  for (const [name, { largest: one }] of truth) if (holds(name)) most = Math.max(most, one)
  return most
}
