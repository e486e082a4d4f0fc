// What every decoder shares, with or without a head: its options, its output, the walk through its blocks, attention with a cache.
import { checkpoint } from '../../autograd/checkpoint.js'
import * as ops from '../../generated/ops.js'
import { releaseAfter } from '../../nn/forward.js'
import { scaledDotProductAttention } from '../../nn/functional/functional.js'
import type { Module } from '../../nn/module.js'
import { checkOptions } from '../../runtime/check-options.js'
import * as schemas from '../../generated/options.js'
import { bad, show } from '../../runtime/options.js'
import { cat, zeros } from '../../tensor/make.js'
import { isGradEnabled, keep, tensorsIn } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import { DecoderOutput } from './decoder-output.js'
import { checkIds, idsTensor, padsBehind, rowLength } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import { KvCache } from '../../generation/kv-cache.js'
import { lastRead, packingOf } from './packing.js'
import type { Packing, Reads } from './packing.js'
import type { Layer } from './parts.js'

/** Options of a decoder's forward. */
export interface DecoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Where its numbers are known, in rows or in a tensor that was
   * made of them, and without a cache, padding is not computed at all, and outputs at its positions are 0. Any other tensor hides padding, which then costs
   * what tokens cost.
   *
   * Or a bool tensor (B, 1, T or 1, S), true where a new token may look, on top of what comes before it: tokens of several continuations can
   * then lie in one cache. It may be wider than S; what is too much is cut off.
   * @shallow @default all 1
   */
  attentionMask?: Ids | null
  /** Position of each token, (B, T). @shallow @default 0, 1, … in every row, after those in the cache, whatever the mask says */
  positionIds?: Ids | null
  /** Keys and values of earlier tokens; the new ones are added to it. @default none */
  pastKeyValues?: KvCache | null
  /** Make a cache and return it. @default whether `pastKeyValues` is given */
  useCache?: boolean
  /** Return the embeddings and the output of every block. @default false */
  outputHiddenStates?: boolean
}

/** A table of token vectors: an `nn.Embedding`, or the LoRA layer in its place. */
export type TokenEmbedding = { weight: Tensor; forward(ids: Tensor): Tensor } & Module

/** A decoder without a head. */
export interface Decoder extends Module {
  /** Backward computes each block again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing: boolean
  /** The token embedding, whose weight a tied head shares. */
  readonly inputEmbeddings: TokenEmbedding
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
}

/** What attention in a block needs to know beside its input. */
export interface AttentionContext {
  mask: Tensor | null
  /** The mask of blocks with a sliding window, where the places of tokens do not tell how far back they lie; null where they do. */
  windowed: Tensor | null
  cache: KvCache | null
  /** In a packed batch, where its sequences begin, and its number of rows. */
  starts: readonly number[] | null
  /** In the last block, of how many last tokens of each sequence the output is read; of all others keys and values are all it computes. Null for all. */
  last: number | null
}

/** Where the tokens of a forward stand. */
export interface Placement {
  /** Tokens in the cache. */
  past: number
  /** New tokens of a sequence, up to the last one that is computed. */
  tokens: number
  /** Position of each token, in the shape of the ids; null for 0, 1, … after those in the cache. */
  positionIds: Ids | null
}

/** Parts of a decoder as {@link runDecoder} puts them together. */
export interface DecoderParts<Context extends AttentionContext> {
  model: Decoder
  blocks: readonly ({ forward(x: Tensor, context: Context): Tensor } & Module)[]
  /** The final norm. */
  norm: Layer
  /** How many tokens blocks with a sliding window look at, the one itself included. @default no block has one */
  window?: number | null
  /** What goes into the first block, (B, T, C), and what the blocks need beside mask and cache. */
  begin(ids: Tensor, place: Placement): { x: Tensor; beside: Omit<Context, keyof AttentionContext> }
}

/** Up to so many new tokens what the blocks make is given back at the end of the forward, behind a cache; a prompt's is at the end of each block. */
const FEW_TOKENS = 16

/**
 * The forward of a decoder: embeddings, blocks, final norm.
 *
 * Of a batch with padding that is known here, or of which not all outputs are read, the rest is left out: the tokens to compute lie one behind the other,
 * (1, N), each at its position, and attention keeps to the sequences.
 */
export function runDecoder<Context extends AttentionContext>(
  owner: string,
  inputIds: Ids,
  options: DecoderOptions,
  reads: Reads,
  { model, blocks, norm, begin, window = null }: DecoderParts<Context>,
): DecoderOutput {
  checkOptions(owner, options, schemas.DecoderOptions)
  const cache = options.pastKeyValues ?? (options.useCache ? new KvCache() : null)
  const vocabulary = model.inputEmbeddings.weight.shape[0]!
  const found = cache === null ? packingOf(owner, inputIds, options.attentionMask, reads) : null
  // A window counts places, those of padding between tokens included.
  const packing = window !== null && found?.hasGaps ? null : found
  const batch = packing
    ? packedBatch(owner, inputIds, options, packing, vocabulary)
    : wholeBatch(owner, inputIds, options, cache, vocabulary, window)
  const start = begin(batch.ids, batch.place)
  const { mask, windowed } = batch
  const context = { ...start.beside, mask, windowed, cache, starts: packing?.starts ?? null, last: null } as Context
  // A cache is written in the first run and carries no gradients: its own error says so.
  const again = model.gradientCheckpointing && model.training && isGradEnabled() && cache === null
  if (again) for (const tensor of tensorsIn(context)) keep(tensor)
  const last = packing === null && !options.outputHiddenStates ? lastRead(reads) : null
  let x = start.x // (B, T, C)
  const states = [x]
  for (const [i, block] of blocks.entries()) {
    const own = last !== null && i === blocks.length - 1 ? { ...context, last } : context
    const forward = (input: Tensor) => block.forward(input, own)
    // A few new tokens make little, and what a cache makes for the first block serves all.
    if (cache !== null && x.shape[0]! * x.shape[1]! <= FEW_TOKENS) x = forward(x)
    else x = again ? checkpoint(forward, x) : releaseAfter(() => forward(x))
    states.push(x)
  }
  x = norm.forward(x)
  states[states.length - 1] = x
  cache?.advance(batch.place.tokens)
  return new DecoderOutput(x, { states: options.outputHiddenStates ? states : null, packing, pastKeyValues: cache })
}

/** What the blocks compute. */
interface Batch {
  ids: Tensor
  place: Placement
  mask: Tensor | null
  windowed: Tensor | null
}

function wholeBatch(
  owner: string,
  inputIds: Ids,
  { attentionMask: mask, positionIds = null }: DecoderOptions,
  cache: KvCache | null,
  vocabulary: number,
  window: number | null,
): Batch {
  const ids = idsTensor(owner, 'inputIds', inputIds, vocabulary) // (B, T)
  const tokens = ids.shape[1]!
  const past = cache?.length ?? 0
  const [total, width] = [past + tokens, cache?.extend(tokens) ?? tokens]
  const given = attentionMask(owner, mask, total, width)
  const isPairwise = mask instanceof Tensor && mask.ndim === 4
  const windowed =
    isPairwise && window !== null && window < total ? lastAllowed(mask, { tokens, total, width, window }) : null
  return { ids, place: { past, tokens, positionIds }, mask: given, windowed }
}

/** Padding is part of no row, so that no mask is needed; causal attention tells by the order of the rows what came before. */
function packedBatch(
  owner: string,
  inputIds: Ids,
  { positionIds }: DecoderOptions,
  packing: Packing,
  vocabulary: number,
): Batch {
  if (!(inputIds instanceof Tensor)) checkIds(owner, 'inputIds', inputIds, vocabulary)
  const ids = idsTensor(owner, 'inputIds', packing.take(owner, 'inputIds', inputIds)) // (1, N)
  const places = positionIds ? packing.take(owner, 'positionIds', positionIds) : packing.places()
  return { ids, place: { past: 0, tokens: packing.extent, positionIds: places }, mask: null, windowed: null }
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
  if (!(mask instanceof Tensor) && padsBehind(mask)) return null
  const on = idsTensor(owner, 'attentionMask', mask).ne(0)
  return fitted(on.reshape([on.shape[0]!, 1, 1, total]), width)
}

/** A mask that says for each new token where it may look. */
function pairwiseMask(owner: string, mask: Tensor, total: number, width: number): Tensor {
  if (mask.dtype === 'bool' && mask.shape[1] === 1 && mask.shape[3]! >= total) return fitted(mask, width)
  throw bad(
    owner,
    'attentionMask',
    `a bool mask (B, 1, T, ${total}), for the tokens in the cache and the new ones`,
    mask,
  )
}

/**
 * A mask that says where each token may look, cut to the last `window` of those places. Between them may lie tokens of other continuations, so that places
 * alone do not tell how far back a token is; those of one continuation lie in order.
 */
function lastAllowed(
  mask: Tensor,
  { tokens, total, width, window }: { tokens: number; total: number; width: number; window: number },
): Tensor {
  const [B = 0, , rows = 0, S = 0] = mask.shape
  const known = S === total ? mask : mask.narrow(3, 0, total)
  const each = rows === tokens ? known : known.expand([B, 1, tokens, total])
  const before = each.tril(total - tokens) // what a token does not see anyway counts not
  return fitted(before.logicalAnd(ops.cumsum(before, 3, true).le(window)), width)
}

/** The mask at the width of what attention sees; nobody looks at the columns that are new. */
function fitted(mask: Tensor, width: number): Tensor {
  const [B = 0, H = 0, T = 0, S = 0] = mask.shape
  if (S >= width) return S === width ? mask : mask.narrow(3, 0, width)
  return cat([mask, zeros([B, H, T, width - S], { dtype: 'bool' })], 3)
}

/** The last `last` tokens along `dim`, or all of them. */
export function lastTokens(x: Tensor, last: number | null, dim = 1): Tensor {
  const T = x.shape[dim]!
  return last === null || last >= T ? x : x.narrow(dim, T - last, last)
}

/** What varies between blocks. */
export interface AttentionSettings {
  /** Index of the block, which is that of its part of the cache. */
  layer: number
  /** Factor of q·k. */
  scale: number
  /** Dropout of the weights. */
  dropoutP: number
  /** How many tokens each one looks at, itself included. @default all before it */
  window?: number | null
  /** Scores s become `softcap · tanh(s / softcap)`. @default they stay */
  softcap?: number | null
}

/** The last query of a sequence sees its last key. */
const BOTTOM_RIGHT = 2

/**
 * Attention of new tokens to themselves and to all before them, those in the cache included; the new keys and values are added to it.
 *
 * Shapes: `q (B, T, H, D)`, or of the last tokens only, `k` and `v (B, T, Hkv, D)` → `(B, T, H·D)`. Fewer key heads than query heads are shared by groups of them: the
 * cache holds Hkv heads, and none is copied.
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { mask, windowed, cache, starts, last }: AttentionContext,
  { layer, scale, dropoutP, window = null, softcap = null }: AttentionSettings,
): Tensor {
  const [B = 0, T = 0, H = 0, D = 0] = q.shape
  if (starts !== null) {
    const y = ops.sdpaPacked(q, k, v, starts, starts, scale, BOTTOM_RIGHT, dropoutP, window ?? 0, softcap ?? 0)
    return y.reshape([B, T, H * D])
  }
  const byMask = window !== null && windowed !== null
  const hidden = byMask ? windowed : mask
  const all = cache ? cache.append(layer, k, v) : { keys: k, values: v, lengths: null } // (B, S, Hkv, D)
  const y = scaledDotProductAttention(q, all.keys, all.values, {
    layout: 'BTHD',
    isCausal: 'bottom-right', // the last new token sees all that came before it
    enableGqa: true,
    lengths: all.lengths,
    mask: hidden === null || hidden.shape[2] === 1 ? hidden : lastTokens(hidden, last, 2),
    window: byMask ? null : window,
    softcap,
    scale,
    dropoutP,
  })
  return y.reshape([B, T, H * D])
}
