import { bad } from '../nn/options.js'
import type { CausalLM } from './causal-lm.js'
import { checkModelType, readConfig } from './config.js'
import { GPT2LMHeadModel } from './gpt2.js'
import { LlamaForCausalLM } from './llama.js'
import type { FreshOptions, PretrainedOptions } from './pretrained.js'
import { RobertaForSequenceClassification } from './roberta-classification.js'

// One row per architecture, by config.json's model_type.
const CAUSAL_LM = { gpt2: GPT2LMHeadModel, llama: LlamaForCausalLM }
const SEQUENCE_CLASSIFICATION = { roberta: RobertaForSequenceClassification }

/** Picks the class of a decoder by the `model_type` of its `config.json`. */
export const AutoModelForCausalLM = {
  /**
   * Reads a model folder in the Hugging Face layout.
   * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
   */
  async fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<CausalLM> {
    return pick(CAUSAL_LM, await readConfig(dir), dir).fromPretrained(dir, options)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): CausalLM {
    return pick(CAUSAL_LM, checkObject('AutoModelForCausalLM', config), 'fromConfig').fromConfig(config, options)
  },
}

/** Picks the class of a model that labels whole sequences by the `model_type` of its `config.json`. */
export const AutoModelForSequenceClassification = {
  /**
   * Reads a model folder in the Hugging Face layout; a file without a classification head gives a fresh one, with a warning.
   * @example
   * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
   * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
   */
  async fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<RobertaForSequenceClassification> {
    return pick(SEQUENCE_CLASSIFICATION, await readConfig(dir), dir).fromPretrained(dir, options)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): RobertaForSequenceClassification {
    const fields = checkObject('AutoModelForSequenceClassification', config)
    return pick(SEQUENCE_CLASSIFICATION, fields, 'fromConfig').fromConfig(config, options)
  },
}

function pick<T extends object>(classes: T, config: Record<string, unknown>, where: string): T[keyof T] {
  return classes[checkModelType(config, Object.keys(classes) as (keyof T & string)[], where)]
}

function checkObject(owner: string, config: Record<string, unknown>): Record<string, unknown> {
  if (typeof config !== 'object' || config === null) throw bad(owner, 'config', 'an object', config)
  return config
}
