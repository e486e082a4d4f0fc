// Generated from src/models/shared/token-classification.ts by `npm run api`. Do not edit.

import { Tensor } from '../../tensor/tensor.js'
/** The output of a model that labels tokens; `Loss` is a tensor after a forward with labels. */
export interface TokenClassifierOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count, `()`; null without labels. */
  loss: Loss
  /** Scores before softmax, (B, T, num_labels). */
  logits: Tensor
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}
