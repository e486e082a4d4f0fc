// Generated from src/models/registry.ts by `npm run api`. Do not edit.

import type { CausalLM } from './shared/causal-lm.js'
import type { EncoderModel } from './shared/encoder-model.js'
import type { FreshOptions, PretrainedOptions, SaveOptions } from './shared/pretrained.js'
import type { Ids } from '../generation/ids.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Decoder } from './shared/decoder.js'
import type { LabelsConfig } from './shared/labels-config.js'
import type { MaskedLM } from './shared/masked-lm.js'
import type { Layer } from './shared/parts.js'
import type { PretrainedModel } from './shared/pretrained-model.js'
import type { SequenceClassifierOutput, SequenceLabels } from './shared/sequence-classification.js'
import type { SequenceClassificationOptions } from './shared/sequence-classifier.js'
import type { TokenClassifierOutput } from './shared/token-classification.js'
import type { TokenClassificationOptions } from './shared/token-classifier.js'
/** A model with a head that labels, an encoder or a decoder. */
interface AutoClassifier extends PretrainedModel {
  readonly config: LabelsConfig & Record<string, unknown>
  /** The head, or its last layer; its output are the logits. */
  readonly classifier: Layer
  /** The model below the head. Parameters outside of it belong to the head. */
  readonly baseModel: EncoderModel | Decoder
  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  savePretrained(dir: string, options?: SaveOptions): Promise<void>
  /** Backward recomputes layers in place of keeping what they computed. */
  gradientCheckpointingEnable(): void
  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void
}
/** A model that labels whole sequences: a {@link SequenceClassifier}, or a {@link DecoderSequenceClassifier}, which refuses `tokenTypeIds`. */
export interface AutoSequenceClassifier extends AutoClassifier {
  /** Scores of each label, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: SequenceClassificationOptions & {
      labels: SequenceLabels
    },
  ): SequenceClassifierOutput<Tensor>
  /** Scores of each label; `loss` is null without labels. */
  forward(inputIds: Ids, options?: SequenceClassificationOptions): SequenceClassifierOutput
}
/** A model that labels tokens: a {@link TokenClassifier}, or a {@link DecoderTokenClassifier}, which refuses `tokenTypeIds`. */
export interface AutoTokenClassifier extends AutoClassifier {
  /** Scores of each label for each token, and the loss on `labels`. */
  forward(
    inputIds: Ids,
    options: TokenClassificationOptions & {
      labels: Ids
    },
  ): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  forward(inputIds: Ids, options?: TokenClassificationOptions): TokenClassifierOutput
}
/** Picks the class of a decoder by the `model_type` of its `config.json`. */
export declare const AutoModelForCausalLM: {
  /**
   * Reads a model folder in the Hugging Face layout or a GGUF file, or downloads the model of a hub id and reads that.
   * @example
   * const model = await models.AutoModelForCausalLM.fromPretrained('SmolLM2-135M-Instruct.Q4_1.gguf') // its blocks stay blocks
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
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<AutoSequenceClassifier>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): AutoSequenceClassifier
}
/** Picks the class of a model that labels tokens by the `model_type` of its `config.json`. */
export declare const AutoModelForTokenClassification: {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gets a fresh one, with a warning.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  fromPretrained(dirOrHubId: string, options?: PretrainedOptions): Promise<AutoTokenClassifier>
  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options?: FreshOptions): AutoTokenClassifier
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
export {}
