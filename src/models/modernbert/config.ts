import { bad, checkBoolean, checkChoice, checkInteger, checkNumber, checkProbability } from '../../runtime/options.js'
import { ACTIVATIONS } from '../shared/config.js'
import { checkHeads, checkPadToken } from '../shared/encoder-config.js'
import { checkLabels } from '../shared/labels-config.js'
import type { LabelsConfig } from '../shared/labels-config.js'
import type { RopeParameters, RotaryConfig } from '../shared/rotary-frequencies.js'

/** Which tokens a layer attends to: all, or those nearby. */
export type ModernBertLayerType = 'full_attention' | 'sliding_attention'

/** The configuration of a ModernBERT, as in `config.json`. */
export interface ModernBertConfig extends LabelsConfig {
  /** Number of tokens V. @default 50368 */
  vocab_size: number
  /** Channels C. @default 768 */
  hidden_size: number
  /** Width of the gated MLP of a layer. @default 1152 */
  intermediate_size: number
  /** Layers. @default 22 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 12 */
  num_attention_heads: number
  /** `gelu`, `gelu_new`, `gelu_pytorch_tanh`, `relu`, `silu` or `tanh`. @default 'gelu' */
  hidden_activation: string
  /** Longest sequence that the model supports; positions are rotary and have no table. @default 8192 */
  max_position_embeddings: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Fresh weights are truncated to this many standard deviations. @default 2 */
  initializer_cutoff_factor: number
  /** Added to the variance in norms. @default 1e-5 */
  norm_eps: number
  /** Norms have a bias. @default false */
  norm_bias: boolean
  /** The token that pads short rows. @default 50283 */
  pad_token_id: number | null
  /** Biases of the projections of attention. @default false */
  attention_bias: boolean
  /** Dropout on the attention weights and on the output of attention, in training. @default 0 */
  attention_dropout: number
  /** One layer in this many attends to all tokens, from the first on. @default 3 */
  global_attn_every_n_layers: number
  /** Which tokens each layer attends to. @default by `global_attn_every_n_layers` */
  layer_types: readonly ModernBertLayerType[]
  /** How many tokens the others attend to: half of them on either side, and the token itself. @default 128 */
  local_attention: number
  /** Rotary positions of the two kinds of layers. @default `global_rope_theta`, `local_rope_theta` */
  rope_parameters?: Partial<Record<ModernBertLayerType, RopeParameters>> | null
  /** Base of the frequencies in layers that attend to all tokens. @default 160000 */
  global_rope_theta?: number
  /** Base of the frequencies in the others; null is `global_rope_theta`. @default 10000 */
  local_rope_theta?: number | null
  /** Dropout on the embeddings, in training. @default 0 */
  embedding_dropout: number
  /** The layers of the MLP have a bias. @default false */
  mlp_bias: boolean
  /** Dropout in the MLP, in training. @default 0 */
  mlp_dropout: number
  /** The head that predicts tokens has a bias. @default true */
  decoder_bias: boolean
  /** A classification head reads the first token (`cls`) or the mean of all (`mean`). @default 'cls' */
  classifier_pooling: 'cls' | 'mean'
  /** Dropout before a classification layer, in training. @default 0 */
  classifier_dropout: number
  /** Bias of the dense layer of a head. @default false */
  classifier_bias: boolean
  /** Activation of the dense layer of a head. @default 'gelu' */
  classifier_activation: string
  /** A head that predicts tokens shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  [other: string]: unknown
}

const OWNER = 'ModernBertConfig'

const DEFAULTS: ModernBertConfig = {
  model_type: 'modernbert',
  vocab_size: 50368,
  hidden_size: 768,
  intermediate_size: 1152,
  num_hidden_layers: 22,
  num_attention_heads: 12,
  hidden_activation: 'gelu',
  max_position_embeddings: 8192,
  initializer_range: 0.02,
  initializer_cutoff_factor: 2,
  norm_eps: 1e-5,
  norm_bias: false,
  pad_token_id: 50283,
  attention_bias: false,
  attention_dropout: 0,
  global_attn_every_n_layers: 3,
  layer_types: [], // filled in
  local_attention: 128,
  embedding_dropout: 0,
  mlp_bias: false,
  mlp_dropout: 0,
  decoder_bias: true,
  classifier_pooling: 'cls',
  classifier_dropout: 0,
  classifier_bias: false,
  classifier_activation: 'gelu',
  tie_word_embeddings: true,
  ...checkLabels(OWNER, {}),
}

const SIZES = [
  'vocab_size',
  'hidden_size',
  'intermediate_size',
  'num_hidden_layers',
  'num_attention_heads',
  'max_position_embeddings',
  'global_attn_every_n_layers',
] as const
const BOOLEANS = ['norm_bias', 'attention_bias', 'mlp_bias', 'decoder_bias', 'classifier_bias', 'tie_word_embeddings'] as const // prettier-ignore
const DROPOUTS = ['attention_dropout', 'embedding_dropout', 'mlp_dropout', 'classifier_dropout'] as const

/**
 * Fills in the defaults of transformers and checks every field that affects the computation.
 * @throws {OptionError} naming the field.
 */
export function modernBertConfig(given: Partial<ModernBertConfig>): ModernBertConfig {
  const fields: ModernBertConfig = { ...DEFAULTS, ...given, ...checkLabels(OWNER, given) }
  for (const field of SIZES) checkInteger(OWNER, field, fields[field], 1)
  checkInteger(OWNER, 'local_attention', fields.local_attention, 2)
  const config: ModernBertConfig = { ...fields, layer_types: layerTypes(fields, given.layer_types ?? null) }
  for (const field of BOOLEANS) checkBoolean(OWNER, field, config[field])
  for (const field of DROPOUTS) checkProbability(OWNER, field, config[field])
  checkHeads(OWNER, config)
  const headDim = config.hidden_size / config.num_attention_heads
  if (headDim % 2 !== 0)
    throw bad(OWNER, 'hidden_size / num_attention_heads', 'an even number, as positions turn pairs', headDim)
  checkPadToken(OWNER, config)
  checkNumber(OWNER, 'norm_eps', config.norm_eps, 0)
  checkNumber(OWNER, 'initializer_range', config.initializer_range, 0)
  checkNumber(OWNER, 'initializer_cutoff_factor', config.initializer_cutoff_factor, 0, true)
  checkChoice(OWNER, 'hidden_activation', config.hidden_activation, ACTIVATIONS)
  checkChoice(OWNER, 'classifier_activation', config.classifier_activation, ACTIVATIONS)
  checkChoice(OWNER, 'classifier_pooling', config.classifier_pooling, ['cls', 'mean'])
  return config
}

/** The rotary configuration of a kind of layer. */
export function rotaryConfigOf(config: ModernBertConfig, type: ModernBertLayerType): RotaryConfig {
  const given: unknown = config.rope_parameters ?? null
  if (typeof given !== 'object') throw bad('ModernBertConfig', 'rope_parameters', 'an object or null', given)
  const { rope_parameters: both, global_rope_theta = 160000, local_rope_theta = 10000 } = config
  const { max_position_embeddings } = config
  const theta = type === 'full_attention' ? global_rope_theta : (local_rope_theta ?? global_rope_theta)
  // transformers looks for `truncate` (yarn) beside the two, not in them.
  const { truncate } = (both ?? {}) as { truncate?: boolean }
  const rope_parameters = { ...both?.[type], truncate }
  const head_dim = config.hidden_size / config.num_attention_heads
  return { head_dim, max_position_embeddings, rope_parameters, rope_theta: theta }
}

function layerTypes(
  { num_hidden_layers: count, global_attn_every_n_layers: every }: ModernBertConfig,
  given: readonly ModernBertLayerType[] | null,
): ModernBertLayerType[] {
  if (given === null)
    return Array.from({ length: count }, (_, i) => (i % every === 0 ? 'full_attention' : 'sliding_attention'))
  if (!Array.isArray(given) || given.length !== count)
    throw bad(OWNER, 'layer_types', `${count} names, one for each layer`, given)
  return given.map((type) => checkChoice(OWNER, 'layer_types', type, ['full_attention', 'sliding_attention']))
}
