// The families of decoders since Llama differ in a few traits: a family is a row of data, from which RotaryDecoder builds its blocks.
import { checkBoolean, checkNumber, checkProbability } from '../../runtime/options.js'
import { checkActivation } from './config.js'
import { checkWindow, rotaryDecoderConfig } from './rotary-config.js'
import type { RotaryDecoderConfig, RotaryDefaults } from './rotary-config.js'
import { rotaryTurning } from './rotary-frequencies.js'
import type { RotaryConfig } from './rotary-frequencies.js'

/** A family of decoders. Its models are classes of two lines each, see `decoders/llama.ts`. */
export interface DecoderFamily<Config extends RotaryDecoderConfig = RotaryDecoderConfig> {
  /** What the names of its models and of its configuration begin with: `Qwen2` of `Qwen2Model`. */
  readonly name: string
  /** The fields of `config.json` with the defaults of transformers, `model_type` included. */
  readonly defaults: RotaryDefaults<Config>
  /** What the values of fields beyond those of {@link RotaryDecoderConfig} must be. */
  readonly fields: Readonly<Record<string, keyof typeof CHECKS>>
  /**
   * How the family differs from Llama. Checks what `fields` cannot express.
   * @throws {OptionError} naming the field. @throws {UnsupportedError} for what the decoder cannot compute.
   */
  traits(config: Config, owner: string): Traits
}

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

const CHECKS = {
  activation: checkActivation,
  boolean: checkBoolean,
  positive: (owner: string, field: string, value: unknown) => checkNumber(owner, field, value, 0, true),
  positiveOrNull: (owner: string, field: string, value: unknown) =>
    value == null || checkNumber(owner, field, value, 0, true),
  probability: checkProbability,
  window: checkWindow,
}

/**
 * The configuration of a family, complete, and the traits that follow from it. Every field that decides what the model computes is checked.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for what the decoder cannot compute.
 */
export function familyConfig<Config extends RotaryDecoderConfig>(
  family: DecoderFamily<Config>,
  given: Partial<Config>,
): { config: Config; traits: Traits } {
  const owner = `${family.name}Config`
  const config = rotaryDecoderConfig<Config>(owner, family.defaults, given)
  for (const [field, kind] of Object.entries(family.fields)) CHECKS[kind](owner, field, config[field] as never)
  const traits = family.traits(config, owner)
  for (const each of traits.rotary ?? [config]) rotaryTurning(owner, each, traits.partialRotary)
  return { config, traits }
}
