// PEFT's LoraConfig: our options, and the file adapter_config.json.
import { FormatError, UnsupportedError } from '../errors.js'
import type { OptionError } from '../errors.js'
import type { BiasMode } from '../lora/trainable.js'
import { changesBase, checkStart } from '../lora/starts.js'
import type { LoraStart } from '../lora/starts.js'
import { checkOptions } from '../runtime/check-options.js'
import type { StateDict } from '../nn/module.js'
import { bad } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { TimedPattern } from './timed-pattern.js'

/** A rank or an alpha for single modules: by a name, or the end of one, or a regular expression (Python's, matched from the start of a name to its end). */
export type ModulePattern = Readonly<Record<string, number>>

/** What PEFT calls the task of a model. */
export type TaskType = 'CAUSAL_LM' | 'SEQ_CLS' | 'TOKEN_CLS' | 'SEQ_2_SEQ_LM' | 'QUESTION_ANS' | 'FEATURE_EXTRACTION'

/**
 * Options of an adapter, with the meanings of PEFT's `LoraConfig`: `lora_alpha` there is `loraAlpha` here.
 * @see peft.LoraConfig
 */
export interface LoraConfig {
  /** Rank of the updates. @integer @minimum 1 @default 8 */
  r?: number
  /** Scaling numerator: an update is multiplied by `loraAlpha / r`. @default 8 */
  loraAlpha?: number
  /**
   * The layers that get an update: names, of which the end suffices (`'q_proj'`); one regular expression of Python for whole names; or `'all-linear'`, which leaves
   * the head out. Each name must match a layer. @default those that PEFT has for the model's type
   */
  targetModules?: string | readonly string[] | null
  /** Layers to leave unchanged although they are targets, named as these. Each must exclude one. @default none */
  excludeModules?: string | readonly string[] | null
  /** Dropout probability on the input of the updates. @minimum 0 @maximum 1 @default 0 */
  loraDropout?: number
  /** Read for PEFT's sake: how a weight is stored is known from its layer. @default false */
  fanInFanOut?: boolean
  /** Biases that are trained too: of all layers, or of those with an update. They belong to the adapter. @default 'none' */
  bias?: BiasMode
  /** Scale by `loraAlpha / √r`. @default false */
  useRslora?: boolean
  /** Modules that are trained as a whole, each adapter with its copy: all whose paths end so, `input_layernorm` for `'norm'` too. @default none */
  modulesToSave?: readonly string[] | null
  /**
   * How fresh updates start: true A random and B zero, false both random, `'gaussian'` A normal with variance 1/r² and B zero, `'orthogonal'` both random with B A zero (r even). Of dense layers
   * `'pissa'` starts from the largest singular values of the weight, `'pissa_niter_4'` from these by 4 rounds of a random projection, which is faster, and `'olora'` from its QR factors: they learn
   * the difference to this start.
   * @default true
   */
  initLoraWeights?: LoraStart
  /** Only layers of these blocks. @default all */
  layersToTransform?: number | readonly number[] | null
  /** The name of the list that holds the blocks, for `layersToTransform`. @default the first list */
  layersPattern?: string | readonly string[] | null
  /** Ranks of single modules. @default none */
  rankPattern?: ModulePattern
  /** Alphas of single modules. @default none */
  alphaPattern?: ModulePattern
  /** Rows of the token embedding that are trained: ids, or a list of ids by the name of an embedding. @default none */
  trainableTokenIndices?: readonly number[] | Readonly<Record<string, readonly number[]>> | null
  /** Weight-decomposed updates (DoRA): each output is scaled to a trained norm. @default false */
  useDora?: boolean
  /** A bias of the second factor. @default false */
  loraBias?: boolean
  /** What the model is for. It is written to the file. @default from the class of the model */
  taskType?: TaskType | null
  /** The folder or hub name of the base model. It is written to the file. @default null */
  baseModelNameOrPath?: string | null
  /** The revision of the base model. @default null */
  revision?: string | null
}

/** A configuration with all its defaults. */
export type FullConfig = Required<LoraConfig>

const DEFAULTS: FullConfig = {
  r: 8,
  loraAlpha: 8,
  targetModules: null,
  excludeModules: null,
  loraDropout: 0,
  fanInFanOut: false,
  bias: 'none',
  useRslora: false,
  modulesToSave: null,
  initLoraWeights: true,
  layersToTransform: null,
  layersPattern: null,
  rankPattern: {},
  alphaPattern: {},
  trainableTokenIndices: null,
  useDora: false,
  loraBias: false,
  taskType: null,
  baseModelNameOrPath: null,
  revision: null,
}

/** A configuration with its defaults. @throws {OptionError} for options that exclude each other. */
export function completeConfig(owner: string, config: LoraConfig): FullConfig {
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
  const full = { ...DEFAULTS, ...given } as FullConfig
  if (Array.isArray(full.targetModules) && full.targetModules.length === 0)
    throw bad(owner, 'targetModules', 'one name or more, a regular expression, or null', full.targetModules)
  const isPattern = typeof full.targetModules === 'string' && !isAllLinear(full.targetModules)
  if (isPattern && (full.layersToTransform !== null || full.layersPattern !== null))
    throw bad(owner, 'layersToTransform', 'left out: targetModules is a regular expression', full.layersToTransform)
  if (full.layersPattern !== null && full.layersToTransform === null)
    throw bad(owner, 'layersPattern', 'given with layersToTransform', full.layersPattern)
  checkStart(owner, full.initLoraWeights)
  if (full.useDora && changesBase(full.initLoraWeights))
    throw bad(owner, 'useDora', `false with a start that changes the base, ${full.initLoraWeights}`, true)
  if (full.loraBias && (full.useDora || typeof full.initLoraWeights === 'string'))
    throw bad(owner, 'loraBias', 'false with useDora, and with another init than true or false', true)
  return full
}

/** What an update is multiplied by. */
export const scalingOf = ({ useRslora }: FullConfig, r: number, loraAlpha: number): number =>
  loraAlpha / (useRslora ? Math.sqrt(r) : r)

/** Whether the targets are all linear layers. */
export const isAllLinear = (targets: unknown): boolean =>
  typeof targets === 'string' && targets.toLowerCase() === 'all-linear'

/** The value of the first key that is the name of a module, its end, or an expression for one of these. */
export function patternValue(pattern: ModulePattern, path: string): number | undefined {
  return Object.entries(pattern).find(([key]) => keyFits(key, path))?.[1]
}

/** Whether the key of a pattern means a module. */
export const keyFits = (key: string, path: string): boolean =>
  pythonPattern('rankPattern', 'key', `(.*\\.)?(${key})`).test(path)

/** A regular expression of Python that has to match the whole of a text. */
export function pythonPattern(owner: string, option: string, source: string): TimedPattern {
  return timedPattern(owner, option, source, `^(?:${source.replaceAll('(?P<', '(?<').replaceAll('\\Z', '$')})$`)
}

/** @param given what the user wrote, of which `source` is made */
export function timedPattern(owner: string, option: string, given: string, source: string): TimedPattern {
  try {
    return new TimedPattern(owner, source)
  } catch (cause) {
    throw bad(owner, option, 'a list of names, or a regular expression', given, (cause as Error).message)
  }
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** `lora_alpha` → `loraAlpha`. */
const NAMES = new Map(Object.keys(DEFAULTS).map((name) => [snake(name), name as keyof FullConfig]))

/** Fields of PEFT that say nothing of how the adapter computes, or that are its defaults. */
const SILENT = new Set([
  'auto_mapping',
  'inference_mode',
  'peft_type',
  'peft_version',
  'runtime_config',
  'megatron_core',
])

/** Settings of PEFT that another program would have to apply, so that without them the numbers are wrong. */
const VARIANTS: Readonly<Record<string, string>> = {
  use_qalora: 'QA-LoRA',
  use_bdlora: 'block-diagonal LoRA',
  alora_invocation_tokens: 'activated LoRA',
  arrow_config: 'Arrow',
  kasa_config: 'KaSA',
  monteclora_config: 'MonteCLoRA',
  velora_config: 'VeLoRA',
  layer_replication: 'copied layers',
  target_parameters: 'updates of single parameters',
  megatron_config: 'Megatron layers',
}

const isUnset = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/**
 * Reads the object of an adapter_config.json. What it sets and this library does not know is one warning.
 * @throws {UnsupportedError} for a method that is not LoRA, and for a variant that computes another formula.
 */
export function configOf(json: unknown, path: string): FullConfig {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw notConfig(path, json)
  const file = json as Record<string, unknown>
  const method = file['peft_type'] ?? 'LORA'
  if (method !== 'LORA') throw otherMethod(path, `the method ${String(method)}`)
  const variant = Object.keys(VARIANTS).find((key) => !isUnset(file[key]))
  if (variant !== undefined) throw otherMethod(path, `${VARIANTS[variant]} (${variant})`)
  const known = Object.entries(file).filter(([key]) => NAMES.has(key))
  const unknown = Object.entries(file).filter(
    ([key, value]) => !NAMES.has(key) && !SILENT.has(key) && !isIgnorable(key, value),
  )
  if (unknown.length > 0) {
    const shown = unknown.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')
    process.emitWarning(`${path}: not used here: ${shown}`, { type: 'LoraWarning', code: 'LORA_PEFT_FIELDS' })
  }
  // Older files have null for no patterns.
  const stated = known.filter(([key, value]) => value !== null || !key.endsWith('_pattern'))
  const own = Object.fromEntries(stated.map(([key, value]) => [NAMES.get(key)!, value]))
  own['initLoraWeights'] = loadedStart(path, own['initLoraWeights'])
  return completeConfig(path, checked(path, own))
}

/** The fields of a file, which may hold anything. @throws {FormatError} naming those that cannot be. */
function checked(path: string, own: object): LoraConfig {
  try {
    checkOptions(path, own, schemas.LoraConfig)
  } catch (cause) {
    const { message, expected, received } = cause as OptionError
    const fix = 'take the adapter_config.json that was saved with the adapter'
    throw new FormatError({ what: message.split('\n')[0]!, expected, received, fix, cause })
  }
  return own
}

/**
 * An adapter is made before its tensors are copied into it, so a rank that none of them can have must not be tried: `dict` are those of the file.
 * @throws {FormatError} naming the rank.
 */
export function checkRanks(path: string, { r, rankPattern }: FullConfig, dict: StateDict): void {
  const most = Object.values(dict).reduce((largest, tensor) => Math.max(largest, tensor.numel), 1)
  const wrong = Object.entries({ r, ...rankPattern }).find(
    ([, rank]) => !Number.isInteger(rank) || rank < 1 || rank > most,
  )
  if (wrong === undefined) return
  throw new FormatError({
    what: `${path} does not fit the tensors beside it`,
    expected: `ranks from 1 to ${most}, the numbers of the largest tensor`,
    received: wrong.join(' '),
    fix: 'take configuration and tensors from one folder',
  })
}

/**
 * How a loaded adapter started. It is of no importance, but where the start has been taken out of the base: one that the base tells is taken out again, and others
 * would be guessed.
 */
function loadedStart(path: string, init: unknown): unknown {
  if (typeof init !== 'string') return init
  const unknown = /^(?:pissa_niter_.*|loftq|corda|lora_ga)$/.test(init)
  if (unknown) {
    throw new UnsupportedError({
      what: `${path}: the adapter belongs to a base that its start ${init} has changed`,
      expected: 'an adapter for the base model itself',
      received: `init_lora_weights: ${init}`,
      fix: 'convert it to plain LoRA as it is saved: path_initial_model_for_weight_conversion in PEFT',
    })
  }
  return init === 'eva' || init === 'mica' ? true : init
}

/** Fields at their defaults, and those of how an adapter was initialised, which its tensors already tell. */
const isIgnorable = (key: string, value: unknown): boolean =>
  isUnset(value) || /^(loftq|eva|corda|lora_ga)_config$/.test(key) || key === 'qalora_group_size'

/** The object of an adapter_config.json, with the keys that PEFT writes, sorted as there. */
export function configJson(config: FullConfig): Record<string, unknown> {
  const own = Object.entries(config).map(([name, value]) => [snake(name), value] as const)
  const fixed = { auto_mapping: null, inference_mode: true, peft_type: 'LORA' }
  const all = Object.entries({ ...fixed, ...Object.fromEntries(own) })
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function notConfig(path: string, received: unknown): FormatError {
  return new FormatError({
    what: `${path} is not the configuration of an adapter`,
    expected: 'an object with peft_type, r, lora_alpha and target_modules',
    received: JSON.stringify(received)?.slice(0, 100) ?? 'nothing',
    fix: 'take the adapter_config.json that was saved with the adapter',
  })
}

function otherMethod(path: string, received: string): UnsupportedError {
  return new UnsupportedError({
    what: `${path}: the adapter computes with what this library does not have`,
    expected: 'LoRA, with rsLoRA, DoRA, rank and alpha patterns, biases, saved modules and token rows',
    received,
    fix: 'merge it in the program that made it, and load the merged model',
  })
}
