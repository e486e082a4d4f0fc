// The loss on labels of single tokens.
import { OptionError } from '../errors.js'
import { tensor } from '../make.js'
import { crossEntropy } from '../nn/functional.js'
import { bad } from '../nn/options.js'
import { Tensor } from '../tensor.js'
import { idsScratch, rowLength, wholeNumber } from './ids.js'
import type { Ids } from './ids.js'

/**
 * Mean cross entropy of tokens: the output at t is compared with the label at t + `shift`, 1 for the next token and 0 for the one in its place. Labels of
 * −100 count not; given as rows of numbers, the head runs only on the positions that count.
 *
 * Shapes: `hidden (B, T, C)`, `labels (B, T)` → `()`. NaN when a label tensor holds nothing that counts, as in transformers.
 * @throws {OptionError} when label rows hold nothing that counts.
 */
export function tokenLoss(
  owner: string,
  hidden: Tensor,
  labels: Ids,
  head: (rows: Tensor) => Tensor,
  shift: 0 | 1,
): Tensor {
  const [B = 0, T = 0, C = 0] = hidden.shape
  if (labels instanceof Tensor) {
    const targets = labels.narrow(1, shift, T - shift).reshape([-1]) // (B·(T−shift))
    const rows = hidden.narrow(1, 0, T - shift).reshape([-1, C])
    return crossEntropy(head(rows), targets)
  }
  if (labels.length !== B || rowLength(owner, 'labels', labels) !== T) {
    throw bad(owner, 'labels', `${B} rows of ${T} labels, as the input`, `${labels.length} rows`)
  }
  const flat = idsScratch.take(2 * B * T)
  let n = 0
  for (let b = 0; b < B; b++) {
    for (let t = shift; t < T; t++) {
      const label = labels[b]![t]!
      if (label === IGNORED) continue
      flat[n] = b * T + t - shift
      flat[B * T + n++] = wholeNumber(owner, 'labels', label)
    }
  }
  if (n === 0) throw nothingToPredict(owner, shift)
  const positions = tensor(flat.subarray(0, n), { dtype: 'i64' })
  const wanted = tensor(flat.subarray(B * T, B * T + n), { dtype: 'i64' })
  const rows = hidden.reshape([B * T, C]).indexSelect(0, positions)
  return crossEntropy(head(rows), wanted, { reduction: 'none' }).mean()
}

const IGNORED = -100

function nothingToPredict(owner: string, shift: 0 | 1): OptionError {
  return new OptionError({
    what: `${owner}: no label counts`,
    expected: `at least one label other than -100${shift === 1 ? ' after the first position' : ''}`,
    received: 'labels of -100 only',
    fix: 'leave such rows out, or truncate less so that the text to predict is kept',
  })
}
