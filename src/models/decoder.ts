// What every decoder shares, with or without a head: its options, its output, the walk through its blocks, attention with a cache.
import { checkpoint } from '../autograd/checkpoint.js'
import { releaseAfter } from '../nn/forward.js'
import { scaledDotProductAttention } from '../nn/functional.js'
import type { Module } from '../nn/module.js'
import { bad, checkKeys, show } from '../nn/options.js'
import { cat, zeros } from '../make.js'
import { isGradEnabled, keep, tensorsIn } from '../scope.js'
import { Tensor } from '../tensor.js'
import { idsTensor, rowLength } from './ids.js'
import type { Ids } from './ids.js'
import { KvCache } from './kv-cache.js'
import type { Layer } from './parts.js'

/** Options of a decoder's forward. */
export interface DecoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Rows of numbers are looked at on the spot: a
   * mask that only pads on the right costs nothing, since no token looks to its right.
   *
   * Or a bool tensor (B, 1, T or 1, S), true where a new token may look, on top of what comes before it: tokens of several continuations can
   * then lie in one cache. It may be wider than S; what is too much is cut off.
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

/** A table of token vectors: an `nn.Embedding`, or the LoRA layer in its place. */
export type TokenEmbedding = { weight: Tensor; forward(ids: Tensor): Tensor } & Module

/** A decoder without a head. */
export interface Decoder extends Module {
  /** Backward computes each block again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing: boolean
  /** The token embedding, whose weight a tied head shares. */
  readonly inputEmbeddings: TokenEmbedding
  forward(inputIds: Ids, options?: DecoderOptions): DecoderOutput
}

/** What attention in a block needs to know beside its input. */
export interface AttentionContext {
  mask: Tensor | null
  cache: KvCache | null
}

/** Parts of a decoder as {@link runDecoder} puts them together. */
export interface DecoderParts<Context extends AttentionContext> {
  model: Decoder
  blocks: readonly ({ forward(x: Tensor, context: Context): Tensor } & Module)[]
  /** The final norm. */
  norm: Layer
  /** What goes into the first block, (B, T, C), and what the blocks need beside mask and cache. `past` tokens are in the cache. */
  begin(ids: Tensor, past: number): { x: Tensor; beside: Omit<Context, keyof AttentionContext> }
}

/** The forward of a decoder: embeddings, blocks, final norm. */
export function runDecoder<Context extends AttentionContext>(
  owner: string,
  inputIds: Ids,
  options: DecoderOptions,
  { model, blocks, norm, begin }: DecoderParts<Context>,
): DecoderOutput {
  checkKeys(owner, options, DECODER_KEYS)
  const ids = idsTensor(owner, 'inputIds', inputIds, model.inputEmbeddings.weight.shape[0]) // (B, T)
  const cache = options.pastKeyValues ?? (options.useCache ? new KvCache() : null)
  const T = ids.shape[1]!
  const past = cache?.length ?? 0
  const width = cache?.extend(T) ?? T
  const start = begin(ids, past)
  const mask = attentionMask(owner, options.attentionMask, past + T, width)
  const context = { ...start.beside, mask, cache } as Context
  // A cache is written in the first run and carries no gradients: its own error says so.
  const again = model.gradientCheckpointing && model.training && isGradEnabled() && cache === null
  if (again) for (const tensor of tensorsIn(context)) keep(tensor)
  let x = start.x // (B, T, C)
  const states = [x]
  for (const block of blocks) {
    const forward = (input: Tensor) => block.forward(input, context)
    // One new token makes little, and what a cache makes for the first block serves all.
    if (cache !== null) x = forward(x)
    else x = again ? checkpoint(forward, x) : releaseAfter(() => forward(x))
    states.push(x)
  }
  x = norm.forward(x)
  states[states.length - 1] = x
  cache?.advance(T)
  return { lastHiddenState: x, hiddenStates: options.outputHiddenStates ? states : null, pastKeyValues: cache }
}

/**
 * The mask for attention, (B, 1, 1 or T, width) bool, or null when none is needed: a mask of ones, or one that pads on the right of tokens
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
  if (mask instanceof Tensor && mask.ndim === 4) return pairwiseMask(owner, mask, total, width)
  const given = mask instanceof Tensor ? mask.shape[1] : rowLength(owner, 'attentionMask', mask)
  if (given !== total) {
    throw bad(owner, 'attentionMask', `a mask (B, ${total}), for the tokens in the cache and the new ones`, show(given))
  }
  if (!(mask instanceof Tensor) && mask.every((row) => row.every((on, t) => on >= (row[t + 1] ?? 0)))) return null
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  return fitted(on.reshape([on.shape[0]!, 1, 1, total]), width)
}

/** A mask that says for each new token where it may look. */
function pairwiseMask(owner: string, mask: Tensor, total: number, width: number): Tensor {
  if (mask.dtype === 'bool' && mask.shape[1] === 1 && mask.shape[3]! >= total) return fitted(mask, width)
  throw bad(owner, 'attentionMask', `a bool mask (B, 1, T, ${total}), for the tokens in the cache and the new ones`, mask)
}

/** The mask at the width of what attention sees; nobody looks at the columns that are new. */
function fitted(mask: Tensor, width: number): Tensor {
  const [B = 0, H = 0, T = 0, S = 0] = mask.shape
  if (S >= width) return S === width ? mask : mask.narrow(3, 0, width)
  return cat([mask, zeros([B, H, T, width - S], { dtype: 'bool' })], 3)
}

/**
 * Attention of new tokens to themselves and to all before them, those in the cache included; the new keys and values are added to it.
 *
 * Shapes: `q (B, T, H, D)`, `k` and `v (B, T, Hkv, D)` → `(B, T, H·D)`. Fewer key heads than query heads are shared by groups of them: the
 * cache holds Hkv heads, and none is copied.
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask, cache }: AttentionContext,
  { layer, scale, dropoutP }: { layer: number; scale: number; dropoutP: number },
): Tensor {
  const [B = 0, T = 0, H = 0, D = 0] = q.shape
  const all = cache ? cache.append(layer, k, v) : { keys: k, values: v, lengths: null } // (B, S, Hkv, D)
  const y = scaledDotProductAttention(q, all.keys, all.values, {
    layout: 'BTHD',
    isCausal: 'bottom-right', // the last new token sees all that came before it
    enableGqa: true,
    lengths: all.lengths,
    mask,
    scale,
    dropoutP,
  })
  return y.reshape([B, T, H * D])
}
