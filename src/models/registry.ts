import { withoutHubOptions } from '../hub/options.js'
import { bad } from '../runtime/options.js'
import { BertForSequenceClassification } from './bert/classification.js'
import { BertForMaskedLM } from './bert/masked-lm.js'
import { BertForTokenClassification } from './bert/token-classification.js'
import { BertModel } from './bert/bert.js'
import type { CausalLM } from './shared/causal-lm.js'
import { modelSource, modelTypeOfFile } from './gguf/find.js'
import { checkModelType, nameModelClass, readConfig } from './shared/config.js'
import { DebertaV2ForSequenceClassification } from './deberta/classification.js'
import { DebertaV2ForTokenClassification } from './deberta/token-classification.js'
import type { DecoderSequenceClassifier, DecoderTokenClassifier } from './shared/decoder-heads.js'
import { DebertaV2Model } from './deberta/deberta.js'
import type { EncoderModel } from './shared/encoder-model.js'
import { Gemma2ForCausalLM, Gemma2ForSequenceClassification, Gemma2ForTokenClassification } from './decoders/gemma.js'
import { Gemma3ForCausalLM, Gemma3TextForSequenceClassification } from './decoders/gemma.js'
import { GPT2ForSequenceClassification, GPT2ForTokenClassification } from './gpt2/classification.js'
import { GPT2LMHeadModel } from './gpt2/gpt2.js'
import { GraniteForCausalLM } from './decoders/granite.js'
import { LlamaForCausalLM, LlamaForSequenceClassification, LlamaForTokenClassification } from './decoders/llama.js'
import {
  MistralForCausalLM,
  MistralForSequenceClassification,
  MistralForTokenClassification,
} from './decoders/mistral.js'
import { ModernBertForSequenceClassification } from './modernbert/classification.js'
import { ModernBertForMaskedLM } from './modernbert/masked-lm.js'
import { ModernBertForTokenClassification } from './modernbert/token-classification.js'
import { ModernBertModel } from './modernbert/modernbert.js'
import { Phi3ForCausalLM, Phi3ForSequenceClassification, Phi3ForTokenClassification } from './decoders/phi3.js'
import type { FreshOptions, PretrainedOptions, SaveOptions } from './shared/pretrained.js'
import { Qwen2ForCausalLM, Qwen2ForSequenceClassification, Qwen2ForTokenClassification } from './decoders/qwen.js'
import { Qwen3ForCausalLM, Qwen3ForSequenceClassification, Qwen3ForTokenClassification } from './decoders/qwen.js'
import { RobertaForSequenceClassification } from './roberta/classification.js'
import { RobertaForMaskedLM } from './roberta/masked-lm.js'
import { RobertaForTokenClassification } from './roberta/token-classification.js'
import { RobertaModel } from './roberta/roberta.js'
import type { Ids } from '../generation/ids.js'
import type { Tensor } from '../tensor/tensor.js'
import type { Decoder } from './shared/decoder.js'
import type { LabelsConfig } from './shared/labels-config.js'
import type { MaskedLM } from './shared/masked-lm.js'
import type { Layer } from './shared/parts.js'
import type { PretrainedModel } from './shared/pretrained-model.js'
import type { SequenceClassifierOutput, SequenceLabels } from './shared/sequence-classification.js'
import type { SequenceClassificationOptions, SequenceClassifier } from './shared/sequence-classifier.js'
import type { TokenClassifierOutput } from './shared/token-classification.js'
import type { TokenClassificationOptions, TokenClassifier } from './shared/token-classifier.js'

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
    options: SequenceClassificationOptions & { labels: SequenceLabels },
  ): SequenceClassifierOutput<Tensor>
  /** Scores of each label; `loss` is null without labels. */
  forward(inputIds: Ids, options?: SequenceClassificationOptions): SequenceClassifierOutput
}

/** A model that labels tokens: a {@link TokenClassifier}, or a {@link DecoderTokenClassifier}, which refuses `tokenTypeIds`. */
export interface AutoTokenClassifier extends AutoClassifier {
  /** Scores of each label for each token, and the loss on `labels`. */
  forward(inputIds: Ids, options: TokenClassificationOptions & { labels: Ids }): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  forward(inputIds: Ids, options?: TokenClassificationOptions): TokenClassifierOutput
}

/** A class of models, as the registry uses it. */
interface ModelEntry<M> {
  readonly name: string
  fromPretrained(dir: string, options: PretrainedOptions): Promise<M>
  fromConfig(config: Record<string, unknown>, options: FreshOptions): M
}

// One row per architecture, by config.json's model_type.
const CAUSAL_LM: Record<string, ModelEntry<CausalLM>> = {
  gpt2: GPT2LMHeadModel,
  llama: LlamaForCausalLM,
  mistral: MistralForCausalLM,
  qwen2: Qwen2ForCausalLM,
  qwen3: Qwen3ForCausalLM,
  phi3: Phi3ForCausalLM,
  gemma2: Gemma2ForCausalLM,
  gemma3_text: Gemma3ForCausalLM,
  granite: GraniteForCausalLM,
}
const SEQUENCE_CLASSIFICATION: Record<string, ModelEntry<SequenceClassifier | DecoderSequenceClassifier>> = {
  bert: BertForSequenceClassification,
  roberta: RobertaForSequenceClassification,
  'deberta-v2': DebertaV2ForSequenceClassification,
  modernbert: ModernBertForSequenceClassification,
  gpt2: GPT2ForSequenceClassification,
  llama: LlamaForSequenceClassification,
  mistral: MistralForSequenceClassification,
  qwen2: Qwen2ForSequenceClassification,
  qwen3: Qwen3ForSequenceClassification,
  phi3: Phi3ForSequenceClassification,
  gemma2: Gemma2ForSequenceClassification,
  gemma3_text: Gemma3TextForSequenceClassification,
}
const TOKEN_CLASSIFICATION: Record<string, ModelEntry<TokenClassifier | DecoderTokenClassifier>> = {
  bert: BertForTokenClassification,
  roberta: RobertaForTokenClassification,
  'deberta-v2': DebertaV2ForTokenClassification,
  modernbert: ModernBertForTokenClassification,
  gpt2: GPT2ForTokenClassification,
  llama: LlamaForTokenClassification,
  mistral: MistralForTokenClassification,
  qwen2: Qwen2ForTokenClassification,
  qwen3: Qwen3ForTokenClassification,
  phi3: Phi3ForTokenClassification,
  gemma2: Gemma2ForTokenClassification,
}
const MASKED_LM: Record<string, ModelEntry<MaskedLM>> = {
  bert: BertForMaskedLM,
  roberta: RobertaForMaskedLM,
  modernbert: ModernBertForMaskedLM,
}
const ENCODERS: Record<string, ModelEntry<EncoderModel>> = {
  bert: BertModel,
  roberta: RobertaModel,
  'deberta-v2': DebertaV2Model,
  modernbert: ModernBertModel,
}

for (const classes of [CAUSAL_LM, SEQUENCE_CLASSIFICATION, MASKED_LM, ENCODERS]) {
  for (const [type, { name }] of Object.entries(classes)) nameModelClass(type, name)
}

/** Picks the class of a decoder by the `model_type` of its `config.json`. */
export const AutoModelForCausalLM = {
  /**
   * Reads a model folder in the Hugging Face layout or a GGUF file, or downloads the model of a hub id and reads that.
   * @example
   * const model = await models.AutoModelForCausalLM.fromPretrained('SmolLM2-135M-Instruct.Q4_1.gguf') // its blocks stay blocks
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  async fromPretrained(dirOrHubId: string, options: PretrainedOptions = {}): Promise<CausalLM> {
    const { model, dir, rest } = await find(CAUSAL_LM, dirOrHubId, options)
    return model.fromPretrained(dir, rest)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): CausalLM {
    return pick(CAUSAL_LM, checkObject('AutoModelForCausalLM', config), 'fromConfig').fromConfig(config, options)
  },
}

/** Picks the class of a sequence classifier by the `model_type` of its `config.json`. */
export const AutoModelForSequenceClassification = {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without a classification head gets a fresh one, with a warning.
   * @example
   * const model = await models.AutoModelForSequenceClassification.fromPretrained('roberta-base', { config: { num_labels: 3 } })
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  async fromPretrained(dirOrHubId: string, options: PretrainedOptions = {}): Promise<AutoSequenceClassifier> {
    const { model, dir, rest } = await find(SEQUENCE_CLASSIFICATION, dirOrHubId, options)
    return model.fromPretrained(dir, rest)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): AutoSequenceClassifier {
    const fields = checkObject('AutoModelForSequenceClassification', config)
    return pick(SEQUENCE_CLASSIFICATION, fields, 'fromConfig').fromConfig(config, options)
  },
}

/** Picks the class of a model that labels tokens by the `model_type` of its `config.json`. */
export const AutoModelForTokenClassification = {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gets a fresh one, with a warning.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  async fromPretrained(dirOrHubId: string, options: PretrainedOptions = {}): Promise<AutoTokenClassifier> {
    const { model, dir, rest } = await find(TOKEN_CLASSIFICATION, dirOrHubId, options)
    return model.fromPretrained(dir, rest)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): AutoTokenClassifier {
    const fields = checkObject('AutoModelForTokenClassification', config)
    return pick(TOKEN_CLASSIFICATION, fields, 'fromConfig').fromConfig(config, options)
  },
}

/** Picks the class of a model that predicts masked tokens by the `model_type` of its `config.json`. */
export const AutoModelForMaskedLM = {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id; a file without such a head gets a fresh one, with a warning.
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  async fromPretrained(dirOrHubId: string, options: PretrainedOptions = {}): Promise<MaskedLM> {
    const { model, dir, rest } = await find(MASKED_LM, dirOrHubId, options)
    return model.fromPretrained(dir, rest)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): MaskedLM {
    return pick(MASKED_LM, checkObject('AutoModelForMaskedLM', config), 'fromConfig').fromConfig(config, options)
  },
}

/** Picks the class of an encoder without a head by the `model_type` of its `config.json`. */
export const AutoModel = {
  /**
   * Reads a model folder in the Hugging Face layout, or the model of a hub id, ignoring its heads.
   * @example
   * const encoder = await models.AutoModel.fromPretrained('bert-base-uncased')
   * const { lastHiddenState } = encoder.forward(ids, { attentionMask })
   * @throws {UnsupportedError} naming the supported architectures, for any other.
   */
  async fromPretrained(dirOrHubId: string, options: PretrainedOptions = {}): Promise<EncoderModel> {
    const { model, dir, rest } = await find(ENCODERS, dirOrHubId, options)
    return model.fromPretrained(dir, rest)
  },

  /** A model with fresh weights from the fields of a `config.json`. */
  fromConfig(config: Record<string, unknown>, options: FreshOptions = {}): EncoderModel {
    return pick(ENCODERS, checkObject('AutoModel', config), 'fromConfig').fromConfig(config, options)
  },
}

/** The class of a model in a folder, in a GGUF file or on a hub, where it is, and the remaining options. */
async function find<M>(classes: Record<string, ModelEntry<M>>, dirOrHubId: string, options: PretrainedOptions) {
  const source = await modelSource('fromPretrained', dirOrHubId, options)
  const { path, isGguf } = source
  const config = isGguf ? { model_type: await modelTypeOfFile(path) } : await readConfig(path)
  const { ggufFile: _, ...rest } = withoutHubOptions(options)
  return { model: pick(classes, config, path), dir: path, rest }
}

function pick<M>(
  classes: Record<string, ModelEntry<M>>,
  config: Record<string, unknown>,
  where: string,
): ModelEntry<M> {
  return classes[checkModelType(config, Object.keys(classes), where)]!
}

function checkObject(owner: string, config: Record<string, unknown>): Record<string, unknown> {
  if (typeof config !== 'object' || config === null) throw bad(owner, 'config', 'an object', config)
  return config
}
