import { bad } from '../nn/options.js'
import type { CausalLM } from './causal-lm.js'
import { checkModelType, readConfig } from './config.js'
import { GPT2LMHeadModel } from './gpt2.js'
import { LlamaForCausalLM } from './llama.js'
import type { FreshOptions, PretrainedOptions } from './pretrained.js'

// One row per architecture with a language-model head, by config.json's model_type.
const CAUSAL_LM = { gpt2: GPT2LMHeadModel, llama: LlamaForCausalLM }

/** Picks the class of a decoder by the `model_type` of its `config.json`. */
export const AutoModelForCausalLM = {
  /**
   * Reads a model folder in the Hugging Face layout.
   * @throws {UnsupportedError} naming the architectures there are, when it is none of them.
   */
  async fromPretrained(dir: string, options: PretrainedOptions = {}): Promise<CausalLM> {
    const config = await readConfig(dir)
    return CAUSAL_LM[checkModelType(config, names(), dir)].fromPretrained(dir, options)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): CausalLM {
    if (typeof config !== 'object' || config === null) throw bad('AutoModelForCausalLM', 'config', 'an object', config)
    return CAUSAL_LM[checkModelType(config, names(), 'fromConfig')].fromConfig(config, options)
  },
}

function names(): (keyof typeof CAUSAL_LM)[] {
  return Object.keys(CAUSAL_LM) as (keyof typeof CAUSAL_LM)[]
}
