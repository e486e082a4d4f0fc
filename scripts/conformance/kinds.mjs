// All kinds of cases: those that this runner runs, and those of the format that it counts as unsupported.
import { decoderKinds } from './decoder.mjs'
import { encoderKinds } from './encoder.mjs'
import { fileKinds } from './files.mjs'
import { generationKinds } from './generation.mjs'
import { layerKinds } from './layers.mjs'
import { lossKinds } from './loss.mjs'
import { metricKinds } from './metrics.mjs'
import { nlgBeamKinds } from './nlg-beam.mjs'
import { nlgDataKinds } from './nlg-data.mjs'
import { nlgDecodeKinds } from './nlg-decode.mjs'
import { nlgKinds } from './nlg.mjs'
import { optimizerKinds } from './optimizer.mjs'
import { scheduleKinds } from './schedule.mjs'
import { surgeryKinds } from './surgery.mjs'
import { tokenizerKinds } from './tokenizer.mjs'
import { trainingKinds } from './training.mjs'

/**
 * Kind → how it is run:
 * - `run(fixture, check)` runs the case and compares every tensor and fact;
 * - `unsupported(entry)` returns why a case of the kind cannot be run yet, or null;
 * - `informative(entry, name)` is true for a tensor that is not an expectation;
 * - `settings` are the keys that the case is run with; `words` are those that state nothing about the package, with the reason.
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
  ...encoderKinds,
  ...fileKinds,
  ...generationKinds,
  ...metricKinds,
  ...nlgDecodeKinds,
  ...tokenizerKinds,
}

/** Kinds of the format for later parts of the package. */
export const LATER_KINDS = [
  ...['peft_adapter', 'peft_multi', 'model_checkpoint', 'half_model', 'conversion'],
  ...['gguf_model', 'gguf_blocks', 'gguf_adapter', 'hostile_gguf', 'mlx_adapter'],
]

/** Keys that every entry may have: the position of the case, and its tolerance. */
export const COMMON_SETTINGS = ['id', 'group', 'kind', 'tolerance']
/** Keys that state the files; {@link verifyFiles} checks them. */
export const FILE_KEYS = ['file', 'bytes', 'sha256', 'files']
/** Keys that state nothing about the package. */
export const COMMON_WORDS = {
  note: 'an explanation for the reader',
  package: 'which program made the numbers',
}

export const isKnownKind = (kind) => Object.hasOwn(KINDS, kind) || LATER_KINDS.includes(kind)

/** The reason why a case of a known kind cannot be run, or null. */
export function unsupportedReason(entry) {
  if (!Object.hasOwn(KINDS, entry.kind)) return `kind ${entry.kind}`
  return KINDS[entry.kind].unsupported?.(entry) ?? null
}
