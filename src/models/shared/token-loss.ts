// The loss on labels of single tokens.
import { OptionError } from '../../errors.js'
import { withChosenTokens, withTokenCounts } from '../../lora/active.js'
import { cat, full, tensor } from '../../tensor/make.js'
import { linearCrossEntropy } from '../../nn/functional/linear-cross-entropy.js'
import { crossEntropy } from '../../nn/functional/losses.js'
import { Linear } from '../../nn/linear.js'
import { hasHooks } from '../../nn/module-hooks.js'
import { bad } from '../../runtime/options.js'
import { Tensor } from '../../tensor/tensor.js'
import { idsScratch, rowLength, wholeNumber } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { IGNORED } from './classes.js'
import type { Layer } from './parts.js'

/**
 * Mean cross entropy of tokens: the output at t is compared with the label at t + `shift`, 1 for the next token and 0 for the same position. Labels of
 * −100 are ignored. A head that is a plain `nn.Linear` and the loss are one operation, without logits; any other head (with LoRA, with hooks, of another
 * class) computes its logits first, for label rows only at the positions with a label.
 *
 * Shapes: `hidden (B, T, C)`, `labels (B, T)` → `()`. NaN when every label of a tensor is ignored, as in transformers.
 * @throws {OptionError} when every label of rows is ignored.
 */
export function tokenLoss(
  owner: string,
  hidden: Tensor,
  labels: Ids,
  head: Layer | { forward(x: Tensor): Tensor },
  { shift, labelSmoothing = 0 }: { shift: 0 | 1; labelSmoothing?: number },
): Tensor {
  const [B = 0, T = 0, C = 0] = hidden.shape
  if (isPlainLinear(head)) {
    const targets = labels instanceof Tensor ? shifted(labels, shift) : targetRows(owner, labels, B, T, shift)
    return linearCrossEntropy(hidden, head.weight, targets, { bias: head.bias, labelSmoothing })
  }
  if (labels instanceof Tensor) {
    const targets = labels.narrow(1, shift, T - shift).reshape([-1]) // (B·(T−shift))
    const rows = hidden.narrow(1, 0, T - shift).reshape([-1, C])
    const read = Array.from({ length: B }, () => T - shift)
    return crossEntropy(
      withTokenCounts({ counts: read }, () => head.forward(rows)),
      targets,
      { labelSmoothing },
    )
  }
  const flat = targetScratch(owner, labels, B, T, shift)
  let n = 0
  for (let i = 0; i < B * T; i++) {
    if (flat[i] === IGNORED) continue
    flat[B * T + n] = i
    flat[n++] = flat[i]!
  }
  const chosen = flat.slice(B * T, B * T + n)
  const positions = tensor(chosen, { dtype: 'i64' })
  const wanted = tensor(flat.subarray(0, n), { dtype: 'i64' })
  const rows = hidden.reshape([B * T, C]).indexSelect(0, positions)
  const scores = withChosenTokens([B, T], chosen, () => head.forward(rows))
  return crossEntropy(scores, wanted, { reduction: 'none', labelSmoothing }).mean()
}

/** Whether the layer's forward is exactly this product. */
function isPlainLinear(layer: Layer | { forward(x: Tensor): Tensor }): layer is Linear {
  return layer instanceof Linear && layer.constructor === Linear && !Object.hasOwn(layer, 'forward') && !hasHooks(layer)
}

/** The labels at the positions of the outputs that predict them, (B, T). */
function shifted(labels: Tensor, shift: 0 | 1): Tensor {
  if (shift === 0) return labels
  const [B = 0, T = 0] = labels.shape
  return cat([labels.narrow(1, 1, T - 1), full([B, 1], IGNORED, { dtype: 'i64' })], 1)
}

function targetRows(owner: string, labels: LabelRows, B: number, T: number, shift: 0 | 1): Tensor {
  return tensor(targetScratch(owner, labels, B, T, shift).subarray(0, B * T), { shape: [B, T], dtype: 'i64' })
}

/** {@link shifted} from rows of numbers, into the first half of scratch memory for 2·B·T numbers. */
function targetScratch(owner: string, labels: LabelRows, B: number, T: number, shift: 0 | 1): Float64Array {
  checkLabelRows(owner, labels, B, T)
  const flat = idsScratch.take(2 * B * T).fill(IGNORED, 0, B * T)
  let counts = false
  for (let b = 0; b < B; b++) {
    for (let t = shift; t < T; t++) {
      const label = labels[b]![t]!
      if (label === IGNORED) continue
      flat[b * T + t - shift] = wholeNumber(owner, 'labels', label)
      counts = true
    }
  }
  if (!counts) throw nothingToPredict(owner, shift)
  return flat
}

/** The flat positions b·T + t of the outputs that the loss of label rows reads. */
export function readPositions(
  owner: string,
  labels: LabelRows,
  [B, T]: readonly [B: number, T: number],
  shift: 0 | 1,
): number[] {
  checkLabelRows(owner, labels, B, T)
  const positions: number[] = []
  for (let b = 0; b < B; b++) {
    for (let t = shift; t < T; t++) if (labels[b]![t] !== IGNORED) positions.push(b * T + t - shift)
  }
  return positions
}

type LabelRows = Exclude<Ids, Tensor>

function checkLabelRows(owner: string, labels: LabelRows, B: number, T: number): void {
  if (rowLength(owner, 'labels', labels) === T && labels.length === B) return
  throw bad(owner, 'labels', `${B} rows of ${T} labels, as the input`, `${labels.length} rows`)
}

function nothingToPredict(owner: string, shift: 0 | 1): OptionError {
  return new OptionError({
    what: `${owner}: every label is ignored`,
    expected: `at least one label other than -100${shift === 1 ? ' after the first position' : ''}`,
    received: 'labels of -100 only',
    fix: 'skip such rows, or truncate less so that the text to predict is kept',
  })
}
