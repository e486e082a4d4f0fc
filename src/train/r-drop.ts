// Losses that make two forwards agree: R-Drop (Liang et al. 2021), and Cutoff (Shen et al. 2020), which also hides tokens in the second one.
import { Draws } from '../data/loader/philox.js'
import { crossEntropy, klDiv } from '../nn/functional/losses.js'
import { checkOptions } from '../runtime/check-options.js'
import { checkNumber } from '../runtime/options.js'
import { splitSeed } from '../runtime/random.js'
import { schemas } from '../runtime/tables.js'
import type { Tensor } from '../tensor/tensor.js'

/**
 * The loss of two sets of logits for the same rows: `CE(p₁) + CE(p₂) + weight / 2 · (KL(m ‖ p₁) + KL(m ‖ p₂))`, where m is the softmax of the mean logits. The
 * divergences are divided by rows times classes, as the original's `reduction='mean'` does.
 *
 * Shapes: `first`, `second` (B, N), `labels` (B) i64 → (). For single-label classification.
 * @see microsoft/LoRA `DebertaV2ForSequenceClassification.forward`
 */
export function rDropLoss(first: Tensor, second: Tensor, labels: Tensor, weight = 1): Tensor {
  checkNumber('train.rDropLoss', 'weight', weight, 0)
  const mean = first.add(second).mul(0.5).softmax(-1)
  const apart = (logits: Tensor) => klDiv(logits.logSoftmax(-1), mean)
  const agreement = apart(first)
    .add(apart(second))
    .mul(0.5 * weight)
  return crossEntropy(first, labels).add(crossEntropy(second, labels)).add(agreement)
}

/** Options of {@link cutoff}. */
export interface CutoffOptions {
  /** Share of the tokens that are hidden. @minimum 0 @maximum 1 */
  probability: number
  /** The token that replaces a hidden one: `[UNK]`. @integer @minimum 0 */
  unkTokenId: number
  /** Tokens that are never hidden: `[CLS]`, `[SEP]` and padding. @integer */
  keepTokenIds: readonly number[]
  /** Seed of the draws, together with the number of the update. @integer @minimum 0 */
  seed: number
  /** Number of the update. @integer @minimum 0 */
  step: number
}

/** Copies of rows in which some tokens are hidden. The same seed and step hide the same ones. */
export function cutoff(rows: readonly (readonly number[])[], options: CutoffOptions): number[][] {
  const owner = 'train.cutoff'
  checkOptions(owner, options, schemas.CutoffOptions)
  const { probability, unkTokenId, keepTokenIds, seed, step } = options
  const kept = new Set(keepTokenIds)
  const draws = new Draws(splitSeed(seed), step)
  return rows.map((row) =>
    row.map((id) => (!kept.has(id) && draws.below(STEPS) < probability * STEPS ? unkTokenId : id)),
  )
}

/** Resolution of the draws. */
const STEPS = 2 ** 24
