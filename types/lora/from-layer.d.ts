// Generated from src/lora/from-layer.ts by `npm run api`. Do not edit.

import type { LoraOptions } from './lora-layer.js'
/** Options of every `fromLayer`. */
export type FromLayerOptions = Pick<LoraOptions, 'r' | 'loraAlpha' | 'mergeWeights'>
