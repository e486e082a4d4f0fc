// Generated from src/models/shared/decoder-family.ts by `npm run api`. Do not edit.

import type { RotaryConfig } from './rotary-frequencies.js'
/** How an architecture differs from Llama. */
export interface Traits {
  /** Name of the MLP's activation. */
  activation: string
  /** Factor of q·k. @default 1/√head_dim */
  scale?: number
  /** The projections of q, k and v have a bias. @default false */
  queryBias?: boolean
  /** The output projection of attention has a bias. @default false */
  outputBias?: boolean
  /** The layers of the MLP have a bias. @default false */
  mlpBias?: boolean
  /** One projection for q, k and v, and one for the gate and the values of the MLP (Phi-3). @default false */
  isFused?: boolean
  /** Each head of q and k is normalised (Qwen3, Gemma 3). @default false */
  headNorms?: boolean
  /** Norms multiply by 1 + weight (Gemma). @default false */
  offsetNorms?: boolean
  /** The outputs of attention and MLP are normalised, too, before they are added (Gemma 2 and 3). @default false */
  postNorms?: boolean
  /** Embeddings are multiplied by √C (Gemma). @default false */
  scalesEmbeddings?: boolean
  /** Embeddings are multiplied by it (Granite). @default 1 */
  embeddingMultiplier?: number
  /** The outputs of attention and MLP are multiplied by it before they are added, in blocks without `postNorms` (Granite). @default 1 */
  residualMultiplier?: number
  /** Logits are divided by it (Granite). @default 1 */
  logitsScaling?: number
  /** Attention scores s become `softcap · tanh(s / softcap)` (Gemma 2). @default null */
  softcap?: number | null
  /** Logits x become `logitSoftcap · tanh(x / logitSoftcap)` (Gemma 2). @default null */
  logitSoftcap?: number | null
  /** Dropout on the outputs of attention and MLP (Phi-3). @default 0 */
  residualDropout?: number
  /** Length in tokens of a sliding window, the token itself included. @default null */
  window?: number | null
  /** Which blocks attend within the window. @default none */
  hasWindow?: readonly boolean[]
  /** Rotary positions: of all blocks, or of those without a window and those with one (Gemma 3). @default the configuration's */
  rotary?: readonly [RotaryConfig] | readonly [whole: RotaryConfig, windowed: RotaryConfig]
  /** Only the first features of a head may be rotated (Phi-3). @default false */
  partialRotary?: boolean
  /** Generation that makes a sequence long, in the sense of `longrope`, computes it anew (Phi-3). @default false */
  recomputesLong?: boolean
}
export {}
