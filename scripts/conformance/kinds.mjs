// All kinds of cases.
import { adapterFormatKinds } from './adapter-formats.mjs'
import { checkpointKinds } from './checkpoints.mjs'
import { decoderKinds } from './decoder.mjs'
import { encoderKinds } from './encoder.mjs'
import { fileKinds } from './files.mjs'
import { generationKinds } from './generation.mjs'
import { ggufKinds } from './gguf.mjs'
import { layerKinds } from './layers.mjs'
import { lossKinds } from './loss.mjs'
import { metricKinds } from './metrics.mjs'
import { nlgBeamKinds } from './nlg-beam.mjs'
import { nlgDataKinds } from './nlg-data.mjs'
import { nlgDecodeKinds } from './nlg-decode.mjs'
import { nlgKinds } from './nlg.mjs'
import { optimizerKinds } from './optimizer.mjs'
import { peftAdapterKinds } from './peft-adapter.mjs'
import { peftMultiKinds } from './peft-multi.mjs'
import { scheduleKinds } from './schedule.mjs'
import { surgeryKinds } from './surgery.mjs'
import { tokenizerKinds } from './tokenizer.mjs'
import { trainingKinds } from './training.mjs'

/**
 * Kind → how it is run:
 * - `run(fixture, check)` runs the case and compares every tensor and fact;
 * - `unsupported(entry)` returns why a case of the kind cannot be run yet, or null;
 * - `informative(entry, name)` is true for a tensor that is not an expectation;
 * - `settings` are the keys that the case is run with, `ordered` the paths of those lists in them of which each order is another case, `fixed` the ends
 *   of the paths of those of which no other value can show, with the reason;
 * - `words` are the parts, by their paths with dots, that state nothing about the package, with the reason.
 *
 * A run must read every value of its entry but words, sizes and hashes of files, and tolerances.
 */
export const KINDS = {
  ...layerKinds,
  ...surgeryKinds,
  ...optimizerKinds,
  ...scheduleKinds,
  ...lossKinds,
  ...nlgKinds,
  ...nlgDataKinds,
  ...nlgBeamKinds,
  ...trainingKinds,
  ...decoderKinds,
  ...peftAdapterKinds,
  ...peftMultiKinds,
  ...encoderKinds,
  ...checkpointKinds,
  ...adapterFormatKinds,
  ...fileKinds,
  ...ggufKinds,
  ...generationKinds,
  ...metricKinds,
  ...nlgDecodeKinds,
  ...tokenizerKinds,
}

/** Keys that select a case. */
const POSITION = ['id', 'group', 'kind']
/** Keys that state the files; `verifyFiles` checks them, and the size and hash in every `{path, bytes, sha256}`. */
const FILE_KEYS = ['file', 'bytes', 'sha256', 'files']
/** Tolerances by name. A case may state one that it has no use for. */
const TOLERANCES = [
  ...['atol', 'rtol', 'forward', 'grad', 'loss', 'param', 'param_mean', 'grad_norm', 'lr', 'f32', 'f64'],
  ...['scores', 'sequences_scores', 'f32 arithmetic on these weights', 'native arithmetic'],
]
/** Parts that state nothing about the package. */
export const COMMON_WORDS = {
  note: 'an explanation for the reader',
  package: 'which program made the numbers',
  'tolerance.why': 'where the tolerance comes from',
  'tolerance.measured_f32_vs_f64': 'what was measured, for information',
}

/** Whether a part of an entry, by its path, states nothing that a run could read. */
export function statesNothing(entry, path) {
  const [key, ...rest] = path
  if (POSITION.includes(key) || FILE_KEYS.includes(key)) return true
  if (key === 'tolerance' && TOLERANCES.includes(rest[0])) return true
  const holder = path.slice(0, -1).reduce((value, name) => value[name], entry)
  if (['path', 'bytes', 'sha256'].includes(path.at(-1)) && 'path' in holder && 'sha256' in holder) return true
  const words = { ...COMMON_WORDS, ...KINDS[entry.kind].words }
  return Object.keys(words).some((word) => isBelow(word.split('.'), path))
}

const isBelow = (start, path) => start.every((name, i) => name === path[i])

export const isKnownKind = (kind) => Object.hasOwn(KINDS, kind)

/** The reason why a case of a known kind cannot be run, or null. */
export function unsupportedReason(entry) {
  if (!Object.hasOwn(KINDS, entry.kind)) return `kind ${entry.kind}`
  return KINDS[entry.kind].unsupported?.(entry) ?? null
}
