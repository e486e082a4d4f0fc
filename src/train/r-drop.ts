// Losses that make two forwards agree: R-Drop (Liang et al. 2021), and Cutoff (Shen et al. 2020), which also hides tokens in the second one.
import { Draws } from '../data/loader/philox.js'
import { crossEntropy, klDiv } from '../nn/functional/functional.js'
import { bad, checkInteger, checkKeys, checkNumber, checkProbability } from '../runtime/options.js'
import { splitSeed } from '../runtime/random.js'
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
  /** Share of the tokens that are hidden. */
  probability: number
  /** The token that replaces a hidden one: `[UNK]`. */
  unkTokenId: number
  /** Tokens that are never hidden: `[CLS]`, `[SEP]` and padding. */
  keepTokenIds: readonly number[]
  /** Seed of the draws, together with the number of the update. */
  seed: number
  step: number
}

/** Copies of rows in which some tokens are hidden. The same seed and step hide the same ones. */
export function cutoff(rows: readonly (readonly number[])[], options: CutoffOptions): number[][] {
  const owner = 'train.cutoff'
  checkKeys(owner, options, ['probability', 'unkTokenId', 'keepTokenIds', 'seed', 'step'])
  const probability = checkProbability(owner, 'probability', options.probability)
  const unknown = checkInteger(owner, 'unkTokenId', options.unkTokenId, 0)
  if (!Array.isArray(options.keepTokenIds)) throw bad(owner, 'keepTokenIds', 'a list of ids', options.keepTokenIds)
  const kept = new Set(options.keepTokenIds as readonly number[])
  const draws = new Draws(splitSeed(options.seed), options.step)
  return rows.map((row) => row.map((id) => (!kept.has(id) && draws.below(STEPS) < probability * STEPS ? unknown : id)))
}

/** Resolution of the draws. */
const STEPS = 2 ** 24
