// Generated from src/adapters/index.ts by `npm run api`. Do not edit.

export { BottleneckAdapter } from './bottleneck.js'
export type { BottleneckOptions } from './bottleneck.js'
export { adaptersOf, injectAdapters } from './inject.js'
export type { AdapterType, InjectAdaptersOptions } from './inject.js'
export { headNames, trainOnly } from './train-only.js'
export type { TrainablePart } from './train-only.js'
export { startFrom } from './start-from.js'
export type { AdapterReport } from './start-from.js'
export { loadAdapterHub } from './adapter-hub.js'
