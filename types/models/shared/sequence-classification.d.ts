// Generated from src/models/shared/sequence-classification.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
/**
 * Labels of a batch: classes (B) as integers, or numbers (B) for a model with one output; a row of numbers for each sequence, (B, num_labels), when
 * several labels may apply at once or several numbers are predicted.
 */
export type SequenceLabels = Tensor | readonly number[] | readonly (readonly number[])[]
/** The output of a sequence classifier; `Loss` is a tensor after a forward with labels. */
export interface SequenceClassifierOutput<Loss extends Tensor | null = Tensor | null> {
  /** Loss on the labels, `()`; null without labels. */
  loss: Loss
  /** Scores before softmax or sigmoid, or the predicted numbers, (B, num_labels). */
  logits: Tensor
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}
