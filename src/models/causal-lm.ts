// What every decoder with a language-model head shares: its input, its output, and the loss on the labels.
import { OptionError } from '../errors.js'
import { crossEntropy } from '../nn/functional.js'
import { bad, show } from '../nn/options.js'
import { isGradEnabled, noGrad } from '../scope.js'
import { cat, tensor, zeros } from '../make.js'
import { Tensor } from '../tensor.js'
import { idsScratch, idsTensor, rowLength, wholeNumber } from './ids.js'
import type { Ids } from './ids.js'
import type { KvCache } from './kv-cache.js'

/** Options of a decoder's forward. */
export interface DecoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Rows of numbers are looked at on the spot: a
   * mask that only pads on the right costs nothing, since no token looks to its right.
   * @default all 1
   */
  attentionMask?: Ids | null
  /** Position of each token, (B, T). @default 0, 1, … in every row, after those in the cache, whatever the mask says */
  positionIds?: Ids | null
  /** Keys and values of earlier tokens; the new ones are added to it. @default none */
  pastKeyValues?: KvCache | null
  /** Make a cache and return it. @default whether `pastKeyValues` is given */
  useCache?: boolean
  /** Return the embeddings and the output of every block. @default false */
  outputHiddenStates?: boolean
}

/** Options of the forward of a language model. */
export interface CausalLMOptions extends DecoderOptions {
  /**
   * Token ids to predict, (B, T), aligned with the input: the model compares the output at t with the label at t + 1. −100 counts not.
   * Given as rows of numbers, the head runs only on the positions that count, which saves most of its cost on prompts and padding.
   */
  labels?: Ids | null
  /** Compute the logits of the last n positions only. @default all */
  logitsToKeep?: number
}

/** Option names of a decoder's forward. */
export const DECODER_KEYS = ['attentionMask', 'positionIds', 'pastKeyValues', 'useCache', 'outputHiddenStates'] as const

/** What a decoder without a head returns. */
export interface DecoderOutput {
  /** Output of the final norm, (B, T, C). */
  lastHiddenState: Tensor
  /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
  hiddenStates: Tensor[] | null
  pastKeyValues: KvCache | null
}

/** What a language model returns. */
export class CausalLMOutput {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Tensor | null
  /** Output of the final norm at the positions that `logits` covers. */
  readonly lastHiddenState: Tensor
  readonly hiddenStates: Tensor[] | null
  readonly pastKeyValues: KvCache | null
  private readonly head: (hidden: Tensor) => Tensor
  private readonly recordsGrad: boolean
  private computed: Tensor | null

  constructor(
    decoder: DecoderOutput,
    head: (hidden: Tensor) => Tensor,
    parts: { loss?: Tensor; lastHiddenState?: Tensor } = {},
  ) {
    this.loss = parts.loss ?? null
    this.lastHiddenState = parts.lastHiddenState ?? decoder.lastHiddenState
    this.hiddenStates = decoder.hiddenStates
    this.pastKeyValues = decoder.pastKeyValues
    this.head = head
    this.recordsGrad = isGradEnabled()
    // With a loss, the logits of all positions are extra work that only some callers want.
    this.computed = this.loss === null ? head(this.lastHiddenState) : null
  }

  /** Scores over the vocabulary, (B, T, V). After a forward with labels they are computed when first asked for. */
  get logits(): Tensor {
    const compute = () => this.head(this.lastHiddenState)
    this.computed ??= this.recordsGrad ? compute() : noGrad(compute)
    return this.computed
  }
}

/**
 * The mask for attention, (B, 1, 1, width) bool, or null when none is needed: a mask of ones, or one that pads on the right of tokens
 * that do not look there.
 *
 * `total` counts the tokens in the cache and the new ones; `width` is what attention sees, with the unused end of the cache.
 */
export function attentionMask(
  owner: string,
  mask: Ids | null | undefined,
  total: number,
  width: number,
): Tensor | null {
  if (mask === null || mask === undefined) return null
  const given = mask instanceof Tensor ? mask.shape[1] : rowLength(owner, 'attentionMask', mask)
  if (given !== total) {
    throw bad(owner, 'attentionMask', `a mask (B, ${total}), for the tokens in the cache and the new ones`, show(given))
  }
  if (!(mask instanceof Tensor) && mask.every((row) => row.every((on, t) => on >= (row[t + 1] ?? 0)))) return null
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  const B = on.shape[0]!
  const whole = width > total ? cat([on, zeros([B, width - total], { dtype: 'bool' })], 1) : on
  return whole.reshape([B, 1, 1, width])
}

/**
 * Mean cross entropy of the next token, with the labels shifted inside.
 *
 * Shapes: `hidden (B, T, C)`, `labels (B, T)` → `()`. NaN when a label tensor holds nothing that counts, as in transformers.
 * @throws {OptionError} when label rows hold nothing that counts.
 */
export function nextTokenLoss(owner: string, hidden: Tensor, labels: Ids, head: (rows: Tensor) => Tensor): Tensor {
  const [B = 0, T = 0, C = 0] = hidden.shape
  if (labels instanceof Tensor) {
    const targets = labels.narrow(1, 1, T - 1).reshape([-1]) // (B·(T−1))
    const rows = hidden.narrow(1, 0, T - 1).reshape([-1, C])
    return crossEntropy(head(rows), targets)
  }
  if (labels.length !== B || rowLength(owner, 'labels', labels) !== T) {
    throw bad(owner, 'labels', `${B} rows of ${T} labels, as the input`, `${labels.length} rows`)
  }
  const flat = idsScratch.take(2 * B * T)
  let n = 0
  for (let b = 0; b < B; b++) {
    for (let t = 1; t < T; t++) {
      const label = labels[b]![t]!
      if (label === IGNORED) continue
      flat[n] = b * T + t - 1
      flat[B * T + n++] = wholeNumber(owner, 'labels', label)
    }
  }
  if (n === 0) throw nothingToPredict(owner)
  const positions = tensor(flat.subarray(0, n), { dtype: 'i64' })
  const wanted = tensor(flat.subarray(B * T, B * T + n), { dtype: 'i64' })
  const rows = hidden.reshape([B * T, C]).indexSelect(0, positions)
  return crossEntropy(head(rows), wanted, { reduction: 'none' }).mean()
}

const IGNORED = -100

function nothingToPredict(owner: string): OptionError {
  return new OptionError({
    what: `${owner}: no label counts`,
    expected: 'at least one label other than -100 after the first position',
    received: 'labels of -100 only',
    fix: 'leave such rows out, or truncate less so that the text to predict is kept',
  })
}
