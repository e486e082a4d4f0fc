// The base of every decoder: options, output, the loop over the blocks, masks, attention with a cache.
import { checkpoint } from '../../autograd/checkpoint.js'
import * as ops from '../../generated/ops.js'
import { withTokenCounts } from '../../lora/active.js'
import { releaseAfter } from '../../nn/forward.js'
import { scaledDotProductAttention } from '../../nn/functional/attention.js'
import type { Module } from '../../nn/module.js'
import { checkOptions } from '../../runtime/check-options.js'
import { bad, show } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
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
import type { InputExtent } from './rotary.js'

/** Options of a decoder's forward. */
export interface DecoderOptions {
  /**
   * 1 for tokens, 0 for padding, (B, S) with S the tokens in the cache and the new ones. Where its values are known (rows of numbers, or a tensor made from
   * numbers) and there is no cache, padding is not computed at all, and outputs at its positions are 0. Any other tensor masks padding, which then costs as
   * much as tokens.
   *
   * Or a bool tensor (B, 1, T or 1, S), true where a new token may attend, in addition to causality: tokens of several continuations can
   * then share one cache. It may be wider than S; the surplus is cut off.
   * @shallow @default all 1
   */
  attentionMask?: Ids | null
  /** Position of each token, (B, T). @shallow @default 0, 1, … in every row, after those in the cache, regardless of the mask */
  positionIds?: Ids | null
  /**
   * Tokens of the longest sequence, those in the cache included, where some rows of a batch have left it: `longrope` and `dynamic` rotary positions go by the
   * longest one. With a cache it also says that growing beyond the original length is meant, as in transformers: what is cached stays as it was rotated.
   * @integer @minimum 1 @default from `positionIds`, else the width of the input
   */
  sequenceLength?: number
  /** Keys and values of earlier tokens; the new ones are appended. @default none */
  pastKeyValues?: KvCache | null
  /** Create a cache and return it. @default whether `pastKeyValues` is given */
  useCache?: boolean
  /** Return the embeddings and the output of every block. @default false */
  outputHiddenStates?: boolean
}

/** A table of token vectors: an `nn.Embedding`, or the LoRA layer that replaces it. */
export type TokenEmbedding = { weight: Tensor; forward(ids: Tensor): Tensor } & Module

/** A decoder without a head. */
export interface Decoder extends Module {
  /** Backward recomputes each block instead of keeping its activations: less memory for about a third more time. */
  gradientCheckpointing: boolean
  /** The token embedding, whose weight a tied head shares. */
  readonly inputEmbeddings: TokenEmbedding
  forward(inputIds: Ids, options?: DecoderOptions, reads?: Reads): DecoderOutput
}

/** What attention in a block needs besides its input. */
export interface AttentionContext {
  mask: Tensor | null
  /** The mask of blocks with a sliding window, where the index of a token in the cache does not give its distance; null where it does. */
  windowed: Tensor | null
  cache: KvCache | null
  /** In a packed batch, the first row of each sequence, then the number of rows. */
  starts: readonly number[] | null
  /** In the last block, the number of last tokens of each sequence whose output is read; of the others it computes keys and values only. Null for all. */
  last: number | null
}

/** The tokens of a forward within their sequences. */
export interface TokenSpan {
  /** Tokens in the cache. */
  past: number
  /** New tokens of a sequence, up to the last one that is computed. */
  tokens: number
  /** Position of each token, in the shape of the ids; null for 0, 1, … after those in the cache. */
  positionIds: Ids | null
  /** The whole input, tokens that are not computed included. */
  extent: InputExtent
}

/** Parts of a decoder as {@link runDecoder} puts them together. */
export interface DecoderParts<Context extends AttentionContext> {
  model: Decoder
  blocks: readonly ({ forward(x: Tensor, context: Context): Tensor } & Module)[]
  /** The final norm. */
  norm: Layer
  /** Length of the sliding window in blocks that have one, the token itself included. @default no block has one */
  window?: number | null
  /** The input of the first block, (B, T, C), and what the blocks need besides mask and cache. */
  begin(ids: Tensor, span: TokenSpan): { x: Tensor; beside: Omit<Context, keyof AttentionContext> }
}

/** With a cache, up to this many new tokens, intermediate tensors are released at the end of the forward; with more, at the end of each block. */
const FEW_TOKENS = 16

/**
 * The forward of a decoder: embeddings, blocks, final norm.
 *
 * Where padding is known here, or not all outputs are read, the other tokens are skipped: the tokens to compute are packed into (1, N), each at its
 * position, and attention stays within the sequences.
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
  // A window counts tokens of the row, padding between them included.
  const packing = window !== null && found?.hasGaps ? null : found
  const batch = packing
    ? packedBatch(owner, inputIds, options, packing, vocabulary)
    : wholeBatch(owner, inputIds, options, cache, vocabulary, window)
  return withTokenCounts(packing, () =>
    runBlocks(options, reads, { model, blocks, norm, begin }, { batch, packing, cache }),
  )
}

/** The part of a forward that knows which tokens are computed. */
function runBlocks<Context extends AttentionContext>(
  options: DecoderOptions,
  reads: Reads,
  { model, blocks, norm, begin }: DecoderParts<Context>,
  { batch, packing, cache }: { batch: Batch; packing: Packing | null; cache: KvCache | null },
): DecoderOutput {
  const start = begin(batch.ids, batch.span)
  const { mask, windowed } = batch
  const context = { ...start.beside, mask, windowed, cache, starts: packing?.starts ?? null, last: null } as Context
  // A cache is written by the first forward and cannot carry gradients; KvCache.append reports that.
  const recomputes = model.gradientCheckpointing && model.training && isGradEnabled() && cache === null
  if (recomputes) for (const tensor of tensorsIn(context)) keep(tensor)
  const last = packing === null && !options.outputHiddenStates ? lastRead(reads) : null
  let x = start.x // (B, T, C)
  const states = [x]
  for (const [i, block] of blocks.entries()) {
    const own = last !== null && i === blocks.length - 1 ? { ...context, last } : context
    const forward = (input: Tensor) => block.forward(input, own)
    // A few new tokens take little memory, and the lengths that the cache makes for the first block serve all blocks.
    if (cache !== null && x.shape[0]! * x.shape[1]! <= FEW_TOKENS) x = forward(x)
    else x = recomputes ? checkpoint(forward, x) : releaseAfter(() => forward(x))
    states.push(x)
  }
  x = norm.forward(x)
  states[states.length - 1] = x
  cache?.advance(batch.span.tokens)
  return new DecoderOutput(x, { states: options.outputHiddenStates ? states : null, packing, pastKeyValues: cache })
}

/** The input of the blocks. */
interface Batch {
  ids: Tensor
  span: TokenSpan
  mask: Tensor | null
  windowed: Tensor | null
}

function wholeBatch(
  owner: string,
  inputIds: Ids,
  { attentionMask: mask, positionIds = null, sequenceLength }: DecoderOptions,
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
  const extent = { width: total, positionIds, longest: sequenceLength ?? null }
  return { ids, span: { past, tokens, positionIds, extent }, mask: given, windowed }
}

/** No row is padding, so no mask is needed; causality follows from the order of the rows. */
function packedBatch(
  owner: string,
  inputIds: Ids,
  { positionIds = null, sequenceLength }: DecoderOptions,
  packing: Packing,
  vocabulary: number,
): Batch {
  if (!(inputIds instanceof Tensor)) checkIds(owner, 'inputIds', inputIds, vocabulary)
  const ids = idsTensor(owner, 'inputIds', packing.take(owner, 'inputIds', inputIds)) // (1, N)
  const positions = positionIds ? packing.take(owner, 'positionIds', positionIds) : packing.offsets()
  const extent = { width: packing.width, positionIds, longest: sequenceLength ?? null }
  const span = { past: 0, tokens: packing.extent, positionIds: positions, extent }
  return { ids, span, mask: null, windowed: null }
}

/**
 * The mask for attention, (B, 1, 1 or T, width) bool, or null when none is needed: a mask of ones, or one with padding on the
 * right only, which causality hides.
 *
 * `total` counts the tokens in the cache and the new ones; `width` is the number of keys, with the unused end of the cache.
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

/** A mask with a row for each new token. */
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
 * A mask with a row for each new token, limited to the last `window` keys that the row allows. Tokens of other continuations may lie between them in the
 * cache, so indices do not give distances; the tokens of one continuation are in order.
 */
function lastAllowed(
  mask: Tensor,
  { tokens, total, width, window }: { tokens: number; total: number; width: number; window: number },
): Tensor {
  const [B = 0, , rows = 0, S = 0] = mask.shape
  const known = S === total ? mask : mask.narrow(3, 0, total)
  const each = rows === tokens ? known : known.expand([B, 1, tokens, total])
  const before = each.tril(total - tokens) // without keys that causality hides
  return fitted(before.logicalAnd(ops.cumsum(before, 3, true).le(window)), width)
}

/** The mask, widened or cut to `width` keys; added columns are false. */
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

/** The options of attention that vary between blocks. */
export interface AttentionSettings {
  /** Index of the block, and of its keys in the cache. */
  layer: number
  /** Factor of q·k. */
  scale: number
  /** Dropout of the attention weights. */
  dropoutP: number
  /** Length of the sliding window, the token itself included. @default none */
  window?: number | null
  /** Scores s become `softcap · tanh(s / softcap)`. @default no cap */
  softcap?: number | null
}

/** Causal from the bottom right: the last query attends to the last key. */
const BOTTOM_RIGHT = 2

/**
 * Attention of new tokens to themselves and to all earlier ones, those in the cache included; the new keys and values are appended to the cache.
 *
 * Shapes: `q (B, T, H, D)`, or of the last tokens only, `k` and `v (B, T, Hkv, D)` → `(B, T, H·D)`. Where there are fewer key heads than query heads, groups of query
 * heads share one: the cache holds Hkv heads, and none is copied.
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
    isCausal: 'bottom-right', // the last new token attends to all earlier ones
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
