// The fields that BERT and the encoders after it have in common, and their checks.
import { bad, checkBoolean, checkChoice, checkInteger, checkNumber, checkProbability } from '../../runtime/options.js'
import { ACTIVATIONS, checkEnds } from './config.js'
import { checkLabels } from './labels-config.js'
import type { LabelsConfig } from './labels-config.js'

/** Fields of `config.json` that all encoders with post-norms have: a norm after each half of a layer. */
export interface PostNormConfig extends LabelsConfig {
  /** Number of tokens V. */
  vocab_size: number
  /** Channels C. */
  hidden_size: number
  /** Layers. */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. */
  num_attention_heads: number
  /** Width of the MLP of a layer. */
  intermediate_size: number
  /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
  hidden_act: string
  /** Dropout on the embeddings and on the output of each half of a layer, in training. @default 0.1 */
  hidden_dropout_prob: number
  /** Dropout on the attention weights, in training. @default 0.1 */
  attention_probs_dropout_prob: number
  /** Rows of the position table. @default 512 */
  max_position_embeddings: number
  /** Number of token types. */
  type_vocab_size: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Added to the variance in norms. */
  layer_norm_eps: number
  /** A head that predicts tokens shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  [other: string]: unknown
}

/** Fields of BERT and RoBERTa beyond those. */
export interface BertFields extends PostNormConfig {
  /** Channels C. @default 768 */
  hidden_size: number
  /** Layers. @default 12 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** Width of the MLP of a layer. @default 3072 */
  intermediate_size: number
  /** Number of token types: first and second sentence. @default 2 */
  type_vocab_size: number
  /** Added to the variance in norms. @default 1e-12 */
  layer_norm_eps: number
  /** The token that pads short rows. */
  pad_token_id: number | null
  /** Dropout before the dense layers of a classification head, in training; null is `hidden_dropout_prob`. @default null */
  classifier_dropout: number | null
}

/** Defaults of all encoders with post-norms, as in transformers. */
const DEFAULTS = {
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  max_position_embeddings: 512,
  initializer_range: 0.02,
  tie_word_embeddings: true,
}

/** Defaults of BERT and RoBERTa. */
export const BERT_DEFAULTS = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  classifier_dropout: null,
}

/** The defaults of one architecture. */
export type PostNormDefaults<Config extends PostNormConfig> = Omit<
  { [Field in keyof Config as string extends Field ? never : Field]: Config[Field] },
  keyof LabelsConfig | keyof typeof DEFAULTS
> & { model_type: string }

/** Sizes, which are at least 1. */
const SIZES = [
  'vocab_size',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'intermediate_size',
  'max_position_embeddings',
] as const

/**
 * Fills in the defaults and checks the fields of {@link PostNormConfig}. `minTypes` is the smallest number of token types.
 * @throws {OptionError} naming the field.
 */
export function postNormConfig<Config extends PostNormConfig>(
  owner: string,
  defaults: PostNormDefaults<Config>,
  given: Partial<Config>,
  minTypes: number,
): Config {
  const config = { ...DEFAULTS, ...defaults, ...given, ...checkLabels(owner, given) } as unknown as Config
  for (const field of SIZES) checkInteger(owner, field, config[field], 1)
  checkEnds(owner, config as { bos_token_id?: unknown; eos_token_id?: unknown })
  checkInteger(owner, 'type_vocab_size', config.type_vocab_size, minTypes)
  checkHeads(owner, config)
  checkNumber(owner, 'layer_norm_eps', config.layer_norm_eps, 0)
  checkNumber(owner, 'initializer_range', config.initializer_range, 0)
  checkProbability(owner, 'hidden_dropout_prob', config.hidden_dropout_prob)
  checkProbability(owner, 'attention_probs_dropout_prob', config.attention_probs_dropout_prob)
  checkBoolean(owner, 'tie_word_embeddings', config.tie_word_embeddings)
  checkChoice(owner, 'hidden_act', config.hidden_act, ACTIVATIONS)
  refuseDecoder(owner, config)
  return config
}

/** @throws {OptionError} unless `num_attention_heads` divides `hidden_size`. */
export function checkHeads(owner: string, config: { hidden_size: number; num_attention_heads: number }): void {
  if (config.hidden_size % config.num_attention_heads === 0) return
  const expected = `a divisor of hidden_size = ${config.hidden_size}`
  throw bad(owner, 'num_attention_heads', expected, config.num_attention_heads)
}

/** @throws {OptionError} unless `pad_token_id` is a row of the token embedding or null. */
export function checkPadToken(owner: string, config: { pad_token_id: unknown; vocab_size: number }): void {
  const { pad_token_id: padding, vocab_size } = config
  if (padding === null) return
  if (checkInteger(owner, 'pad_token_id', padding, 0) >= vocab_size)
    throw bad(owner, 'pad_token_id', `an integer from 0 to ${vocab_size - 1}`, padding)
}

// Variants of old files that are not supported.
function refuseDecoder(owner: string, config: PostNormConfig): void {
  for (const field of ['is_decoder', 'add_cross_attention']) {
    if (config[field]) throw bad(owner, field, 'false', config[field], 'use the checkpoint of an encoder')
  }
  const positions = config['position_embedding_type'] ?? 'absolute'
  if (positions !== 'absolute') throw bad(owner, 'position_embedding_type', `'absolute'`, positions)
}
