// Samples of the NLG example as batches.
import { tensor } from '../../tensor/make.js'
import { bad, checkInteger } from '../../runtime/options.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { NlgSample } from './dataset.js'

/** A batch for the language models of this package, padded to the longest row. */
export interface NlgBatch {
  /** Numbers of the rows. */
  readonly id: readonly number[]
  /** (B, T), padded with 0 on the right. */
  readonly inputIds: readonly (readonly number[])[]
  /** 1 for tokens, 0 for padding; null where there is no padding. */
  readonly attentionMask: readonly (readonly number[])[] | null
  /** Aligned with the input; −100 where a target is ignored. */
  readonly labels: readonly (readonly number[])[]
  /** Number of targets that count. */
  readonly counted: number
  /** Tokens of the rows, without padding. */
  readonly tokens: number
}

/** The label of a target that is ignored. */
const IGNORED = -100

/**
 * Joins samples into a batch as the models of this package take it. They compute neither padding nor the logits of positions without a label, so the cost of a
 * batch depends on its tokens alone.
 */
export function collateNlg(samples: readonly NlgSample[]): NlgBatch {
  const width = Math.max(...samples.map(({ input }) => input.length))
  const padded = (row: readonly number[], filler: number) =>
    row.length === width ? row : [...row, ...Array.from({ length: width - row.length }, () => filler)]
  const isRagged = samples.some(({ input }) => input.length < width)
  // The model compares its output at t with the label at t + 1, which is the target at t.
  const labelsOf = ({ input, target, mask }: NlgSample) =>
    input.map((_, t) => (t > 0 && mask[t - 1] === 1 ? target[t - 1]! : IGNORED))
  return {
    id: samples.map(({ id }) => id),
    inputIds: samples.map(({ input }) => padded(input, 0)),
    attentionMask: isRagged ? samples.map(({ input }) => padded(input.map(() => 1), 0)) : null, // prettier-ignore
    labels: samples.map((sample) => padded(labelsOf(sample), IGNORED)),
    counted: samples.reduce((n, { mask }) => n + mask.reduce((sum, on) => sum + on, 0), 0),
    tokens: samples.reduce((n, { input }) => n + input.length, 0),
  }
}

/** A batch as in the original script: all rows `seqLen` long. */
export interface PaddedNlgBatch {
  /** (B) i64 */
  readonly id: Tensor
  /** (B, T) i64, padded with 0 */
  readonly input: Tensor
  /** (B, T) i64, padded with 0 */
  readonly target: Tensor
  /** (B, T) f32 */
  readonly mask: Tensor
  /** (B, T) i64, padded with 0 */
  readonly query: Tensor
  /** (B) i64 */
  readonly queryLen: Tensor
}

/**
 * Pads samples to tensors, with the names and shapes of the original script, for a model of your own with its loss.
 * @throws {OptionError} for a sample longer than `seqLen`.
 */
export function padNlg(samples: readonly NlgSample[], seqLen: number): PaddedNlgBatch {
  const owner = 'data.padNlg'
  checkInteger(owner, 'seqLen', seqLen, 1)
  const [B, T] = [samples.length, seqLen]
  const rows = (key: 'input' | 'target' | 'query' | 'mask', Values: typeof Float64Array | typeof Float32Array) => {
    const flat = new Values(B * T)
    samples.forEach((sample, b) => {
      if (sample[key].length > T) throw bad(owner, 'seqLen', `${sample[key].length} or more, as a row has`, T)
      flat.set(sample[key], b * T)
    })
    return flat
  }
  const ids = (key: 'input' | 'target' | 'query') => tensor(rows(key, Float64Array), { dtype: 'i64', shape: [B, T] })
  const whole = (numbers: number[]) => tensor(Float64Array.from(numbers), { dtype: 'i64', shape: [B] })
  return {
    id: whole(samples.map(({ id }) => id)),
    input: ids('input'),
    target: ids('target'),
    mask: tensor(rows('mask', Float32Array), { shape: [B, T] }),
    query: ids('query'),
    queryLen: whole(samples.map(({ query }) => query.length)),
  }
}
