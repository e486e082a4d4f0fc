// Generated from src/train/r-drop.ts by `npm run api`. Do not edit.

import type { Tensor } from '../tensor/tensor.js'
/**
 * The loss of two sets of logits for the same rows: `CE(p₁) + CE(p₂) + weight / 2 · (KL(m ‖ p₁) + KL(m ‖ p₂))`, where m is the softmax of the mean logits. The
 * divergences are divided by rows times classes, as the original's `reduction='mean'` does.
 *
 * Shapes: `first`, `second` (B, N), `labels` (B) i64 → (). For single-label classification.
 * @see microsoft/LoRA `DebertaV2ForSequenceClassification.forward`
 */
export declare function rDropLoss(first: Tensor, second: Tensor, labels: Tensor, weight?: number): Tensor
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
export declare function cutoff(rows: readonly (readonly number[])[], options: CutoffOptions): number[][]
