// Generated from src/models/registry.ts by `npm run api`. Do not edit.

import type { CausalLM } from './shared/causal-lm.js'
import type { DecoderSequenceClassifier, DecoderTokenClassifier } from './shared/decoder-heads.js'
import type { EncoderModel } from './shared/encoder-model.js'
import type { FreshOptions, PretrainedOptions } from './shared/pretrained.js'
import type { MaskedLM } from './shared/masked-lm.js'
import type { SequenceClassifier } from './shared/sequence-classifier.js'
import type { TokenClassifier } from './shared/token-classifier.js'
/** Picks the class of a decoder by the `model_type` of its `config.json`. */
export declare const AutoModelForCausalLM: {
  /**
   * Reads a model folder in the Hugging Face layout, or downloads the model of a hub id and reads that.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<CausalLM>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): CausalLM
}
/** Picks the class of a sequence classifier by the `model_type` of its `config.json`. */
export declare const AutoModelForSequenceClassification: {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without a classification head gets a fresh one, with a warning.
   * @example
   * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(
    dirOrHubId: string,
    options?: PretrainedOptions,
  ): Promise<SequenceClassifier | DecoderSequenceClassifier>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): SequenceClassifier | DecoderSequenceClassifier
}
/** Picks the class of a model that labels tokens by the `model_type` of its `config.json`. */
export declare const AutoModelForTokenClassification: {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gets a fresh one, with a warning.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<TokenClassifier | DecoderTokenClassifier>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): TokenClassifier | DecoderTokenClassifier
}
/** Picks the class of a model that predicts masked tokens by the `model_type` of its `config.json`. */
export declare const AutoModelForMaskedLM: {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gets a fresh one, with a warning.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<MaskedLM>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): MaskedLM
}
/** Picks the class of an encoder without a head by the `model_type` of its `config.json`. */
export declare const AutoModel: {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id, ignoring its heads.
   * @example
   * const encoder = await models.AutoModel.fromPretrained('bert-base-uncased')
   * const { lastHiddenState } = encoder.forward(ids, { attentionMask })
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<EncoderModel>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): EncoderModel
}
