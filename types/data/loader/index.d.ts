// Generated from src/data/loader/index.ts by `npm run api`. Do not edit.

export { DataLoader } from './loader.js'
export type { DataLoaderOptions, DataLoaderState } from './loader.js'
export type { SamplerState, StatefulSampler } from './sampler.js'
export { defaultCollate } from './collate.js'
export type { Collated } from './collate.js'
export { Subset, TensorDataset, randomSplit } from './dataset.js'
export type { Dataset } from './dataset.js'
export { LengthGroupedBatches, PackedBatches } from './batch-samplers.js'
