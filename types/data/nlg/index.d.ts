// Generated from src/data/nlg/index.ts by `npm run api`. Do not edit.

export { WEBNLG_SEEN, formatDart, formatE2e, formatWebnlg, readNlgRows } from './format.js'
export type { NlgFormat } from './format.js'
export { readFormatted, writeJsonl } from './jsonl.js'
export type { NlgRow } from './jsonl.js'
export {
  collectPredictions,
  cutPrediction,
  decodeNlg,
  e2eReferences,
  numberedReferences,
  predictionLines,
} from './decode.js'
export type { CollectOptions, DecodeNlgOptions, NlgEntry, NlgPrediction } from './decode.js'
export { encodeNlg, readEncoded, writeEncoded } from './encode.js'
export type { NlgEncodeOptions, NlgExample } from './encode.js'
export { NlgDataset, checkNlgFits } from './dataset.js'
export type { NlgDatasetOptions, NlgObjective, NlgSample } from './dataset.js'
export { collateNlg, padNlg } from './batch.js'
export type { NlgBatch, PaddedNlgBatch } from './batch.js'
