import { bad, checkInteger, checkProbability } from '../../runtime/options.js'
import { checkPostNorm } from '../shared/encoder-config.js'
import type { PostNormConfig } from '../shared/encoder-config.js'
import { checkLabels } from '../shared/labels-config.js'

/** The configuration of a RoBERTa, as in `config.json`. */
export interface RobertaConfig extends PostNormConfig {
  /** Number of tokens V. @default 50265 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the part between two attentions. @default 3072 */
  intermediate_size: number
  /** Rows of the position table; the first `pad_token_id + 1` of them stand for no token. @default 512 */
  max_position_embeddings: number
  /** Kinds of token. @default 2 */
  type_vocab_size: number
  /** @default 1e-12 */
  layer_norm_eps: number
  /** The token that fills short rows: it has no position. @default 1 */
  pad_token_id: number
  /** @default 0 */
  bos_token_id: number | null
  /** @default 2 */
  eos_token_id: number | null
  /** Dropout around the dense layer of a classification head, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}

const OWNER = 'RobertaConfig'

const DEFAULTS: RobertaConfig = {
  model_type: 'roberta',
  vocab_size: 50265,
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
  pad_token_id: 1,
  bos_token_id: 0,
  eos_token_id: 2,
  classifier_dropout: null,
  tie_word_embeddings: true,
  ...checkLabels(OWNER, {}),
}

/**
 * Fills in the defaults, which are those of transformers, and checks every field that decides what the model computes.
 * @throws {OptionError} naming the field.
 */
export function robertaConfig(given: Partial<RobertaConfig>): RobertaConfig {
  const config: RobertaConfig = { ...DEFAULTS, ...given, ...checkLabels(OWNER, given) }
  checkPostNorm(OWNER, config, 1)
  if (config.classifier_dropout !== null) checkProbability(OWNER, 'classifier_dropout', config.classifier_dropout)
  checkPadding(config)
  return config
}

/** Longest sequence: positions start behind the row of the padding. */
export function longestInput(config: RobertaConfig): number {
  return config.max_position_embeddings - config.pad_token_id - 1
}

function checkPadding(config: RobertaConfig): void {
  checkInteger(OWNER, 'pad_token_id', config.pad_token_id, 0)
  const rows = Math.min(config.vocab_size, config.max_position_embeddings - 1)
  if (config.pad_token_id >= rows) throw bad(OWNER, 'pad_token_id', `an integer from 0 to ${rows - 1}`, config.pad_token_id)
}
