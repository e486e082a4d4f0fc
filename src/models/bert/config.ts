import { checkProbability } from '../../runtime/options.js'
import { checkPadToken, checkPostNorm } from '../shared/encoder-config.js'
import type { PostNormConfig } from '../shared/encoder-config.js'
import { checkLabels } from '../shared/labels-config.js'

/** The configuration of a BERT, as in `config.json`. */
export interface BertConfig extends PostNormConfig {
  /** Number of tokens V. @default 30522 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the part between two attentions. @default 3072 */
  intermediate_size: number
  /** Kinds of token: first and second sentence. @default 2 */
  type_vocab_size: number
  /** @default 1e-12 */
  layer_norm_eps: number
  /** The token that fills short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
  /** Dropout in front of a classification layer, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}

const OWNER = 'BertConfig'

const DEFAULTS: BertConfig = {
  model_type: 'bert',
  vocab_size: 30522,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  type_vocab_size: 2,
  initializer_range: 0.02,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  classifier_dropout: null,
  tie_word_embeddings: true,
  ...checkLabels(OWNER, {}),
}

/**
 * Fills in the defaults, which are those of transformers, and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field.
 */
export function bertConfig(given: Partial<BertConfig>): BertConfig {
  const config: BertConfig = { ...DEFAULTS, ...given, ...checkLabels(OWNER, given) }
  checkPostNorm(OWNER, config, 1)
  if (config.classifier_dropout !== null) checkProbability(OWNER, 'classifier_dropout', config.classifier_dropout)
  checkPadToken(OWNER, config)
  return config
}
