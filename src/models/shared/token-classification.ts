// Labels of single tokens, and the loss on them.
import { crossEntropy } from '../../nn/functional/losses.js'
import { bad } from '../../runtime/options.js'
import { tensor } from '../../tensor/make.js'
import { Tensor } from '../../tensor/tensor.js'
import { idsScratch, knownRows, rowLength } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { IGNORED, checkClasses } from './classes.js'

/** The output of a model that labels tokens; `Loss` is a tensor after a forward with labels. */
export interface TokenClassifierOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count, `()`; null without labels. */
  loss: Loss
  /** Scores before softmax, (B, T, num_labels). */
  logits: Tensor
  /** Embeddings, then the output of each layer; null unless asked for. */
  hiddenStates: Tensor[] | null
}

/** Whether a label may belong to a position that the mask hides: the model must compute padding then. */
export function labelsPadding(labels: Ids | null | undefined, mask: Ids | null | undefined): boolean {
  const hidden = mask ? knownRows(mask) : null
  if (!labels || hidden === null) return false
  const rows = knownRows(labels)
  return rows === null || rows.some((row, b) => row.some((label, t) => label !== IGNORED && hidden[b]?.[t] === 0))
}

/**
 * Mean cross entropy of the labels other than −100. Shapes: `logits (B, T, N)`, `labels (B, T)` → `()`. NaN when every label of a tensor is ignored, as in transformers.
 * @throws {OptionError} when the labels do not fit, and when every label of rows is ignored. @throws {IndexError} for a class that does not exist.
 */
export function tokenClassLoss(owner: string, logits: Tensor, labels: Ids): Tensor {
  const [B = 0, T = 0, N = 0] = logits.shape
  const classes = labels instanceof Tensor ? labels : classesOf(owner, labels, [B, T], N)
  const [rows, width] = classes.shape
  if (classes.ndim !== 2 || rows !== B || width !== T)
    throw bad(owner, 'labels', `a class for each token, (${B}, ${T})`, classes)
  return crossEntropy(logits.reshape([B * T, N]), classes.reshape([B * T]))
}

function classesOf(
  owner: string,
  labels: readonly (readonly number[])[],
  [B, T]: readonly [B: number, T: number],
  N: number,
): Tensor {
  const width = rowLength(owner, 'labels', labels)
  if (labels.length !== B || width !== T)
    throw bad(owner, 'labels', `${B} rows of ${T} classes, as the input`, `${labels.length} rows of ${width}`)
  const flat = idsScratch.take(B * T).subarray(0, B * T)
  flat.set(labels.flat())
  checkClasses(owner, flat, N, 'tokens')
  return tensor(flat, { shape: [B, T], dtype: 'i64' })
}
