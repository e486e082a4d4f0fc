import { UnsupportedError } from '../../errors.js'
import { bad, checkBoolean, checkChoice, checkInteger, checkProbability, show } from '../../runtime/options.js'
import { ACTIVATIONS } from '../shared/config.js'
import { checkPadToken, postNormConfig } from '../shared/encoder-config.js'
import type { PostNormConfig, PostNormDefaults } from '../shared/encoder-config.js'

/** The configuration of a DeBERTa v2 or v3, as in `config.json`. */
export interface DebertaV2Config extends PostNormConfig {
  /** Number of tokens V. @default 128100 */
  vocab_size: number
  /** Channels C. @default 1536 */
  hidden_size: number
  /** Layers. @default 24 */
  num_hidden_layers: number
  /** Attention heads H; divides `hidden_size`. @default 24 */
  num_attention_heads: number
  /** Width of the MLP of a layer. @default 6144 */
  intermediate_size: number
  /** Number of token types; 0 for a model without. @default 0 */
  type_vocab_size: number
  /** Added to the variance in norms. @default 1e-7 */
  layer_norm_eps: number
  /** The token that pads short rows; its row of the embedding starts at 0. @default 0 */
  pad_token_id: number | null
  /** Attention uses the distance between tokens. @default false */
  relative_attention: boolean
  /** Largest distance; below 1 it is `max_position_embeddings`. @default -1 */
  max_relative_positions: number
  /** Number of embeddings of distances on either side, which far distances share by their logarithm; below 1 each distance has its own. @default -1 */
  position_buckets: number
  /** Scores by distance: `c2p`, queries with distances, and `p2c`, keys with distances. Files have a list, or a string with `|`. @default none */
  pos_att_type: string | readonly string[] | null
  /** Embeddings of distances use the projections of tokens. @default false */
  share_att_key: boolean
  /** `layer_norm` for a norm on the embeddings of distances, `none`. @default 'none' */
  norm_rel_ebd: string
  /** There are embeddings of absolute positions, too. @default true */
  position_biased_input: boolean
  /** Kernel size of a convolution beside the first layer, an odd number; 0 for none. @default 0 */
  conv_kernel_size: number
  /** Groups of channels in the convolution. @default 1 */
  conv_groups: number
  /** Activation after the convolution. @default 'tanh' */
  conv_act: string
  /** Dropout before the dense layer of a classification head, in training. @default 0 */
  pooler_dropout: number
  /** Activation of the dense layer of a classification head. @default 'gelu' */
  pooler_hidden_act: string
  /** Dropout before a classification layer, in training; null is `hidden_dropout_prob`. @default null */
  cls_dropout: number | null
}

const OWNER = 'DebertaV2Config'

const DEFAULTS: PostNormDefaults<DebertaV2Config> = {
  model_type: 'deberta-v2',
  vocab_size: 128100,
  hidden_size: 1536,
  num_hidden_layers: 24,
  num_attention_heads: 24,
  intermediate_size: 6144,
  type_vocab_size: 0,
  layer_norm_eps: 1e-7,
  pad_token_id: 0,
  relative_attention: false,
  max_relative_positions: -1,
  position_buckets: -1,
  pos_att_type: null,
  share_att_key: false,
  norm_rel_ebd: 'none',
  position_biased_input: true,
  conv_kernel_size: 0,
  conv_groups: 1,
  conv_act: 'tanh',
  pooler_dropout: 0,
  pooler_hidden_act: 'gelu',
  cls_dropout: null,
}

const BOOLEANS = ['relative_attention', 'share_att_key', 'position_biased_input'] as const

/**
 * Fills in the defaults of transformers and checks every field that affects the computation.
 * @throws {OptionError} naming the field. @throws {UnsupportedError} for variants that no released model has.
 */
export function debertaConfig(given: Partial<DebertaV2Config>): DebertaV2Config {
  const config = postNormConfig(OWNER, DEFAULTS, given, 0)
  checkPadToken(OWNER, config)
  for (const field of BOOLEANS) checkBoolean(OWNER, field, config[field])
  checkWhole('max_relative_positions', config.max_relative_positions)
  checkWhole('position_buckets', config.position_buckets)
  positionTypes(config)
  checkConvolution(config)
  checkProbability(OWNER, 'pooler_dropout', config.pooler_dropout)
  if (config.cls_dropout !== null) checkProbability(OWNER, 'cls_dropout', config.cls_dropout)
  checkChoice(OWNER, 'pooler_hidden_act', config.pooler_hidden_act, ACTIVATIONS)
  normOfDistances(config)
  refuseVariants(config)
  return config
}

/** The largest distance, and the number of embeddings of distances on either side of 0. */
export function relativeSizes(config: DebertaV2Config): { longest: number; span: number } {
  const longest = config.max_relative_positions < 1 ? config.max_position_embeddings : config.max_relative_positions
  return { longest, span: config.position_buckets > 0 ? config.position_buckets : longest }
}

/** Which scores by distance there are. */
export function positionTypes({ pos_att_type: given }: DebertaV2Config): { c2p: boolean; p2c: boolean } {
  const names = typeof given === 'string' ? given.split('|') : (given ?? [])
  if (!Array.isArray(names)) throw bad(OWNER, 'pos_att_type', 'a list, a text or null', given)
  const terms = (names as unknown[]).map((name) => String(name).trim().toLowerCase()).filter((name) => name !== '')
  for (const term of terms) checkChoice(OWNER, 'pos_att_type', term, ['c2p', 'p2c'])
  return { c2p: terms.includes('c2p'), p2c: terms.includes('p2c') }
}

/** Whether the embeddings of distances are normalised. */
export function normOfDistances({ norm_rel_ebd: given }: DebertaV2Config): boolean {
  if (typeof given !== 'string') throw bad(OWNER, 'norm_rel_ebd', `'layer_norm' or 'none'`, given)
  const names = given.toLowerCase().split('|').map((name) => name.trim()) // prettier-ignore
  for (const name of names) checkChoice(OWNER, 'norm_rel_ebd', name, ['layer_norm', 'none'])
  return names.includes('layer_norm')
}

// Negative values mean none.
function checkWhole(field: string, value: unknown): void {
  if (!Number.isInteger(value)) throw bad(OWNER, field, 'an integer', value)
}

function checkConvolution({
  conv_kernel_size: taps,
  conv_groups: groups,
  conv_act,
  hidden_size,
}: DebertaV2Config): void {
  checkInteger(OWNER, 'conv_kernel_size', taps, 0)
  if (taps === 0) return
  if (taps % 2 === 0) throw bad(OWNER, 'conv_kernel_size', 'an odd number, or 0', taps)
  checkInteger(OWNER, 'conv_groups', groups, 1)
  if (hidden_size % groups !== 0) throw bad(OWNER, 'conv_groups', `a divisor of hidden_size = ${hidden_size}`, groups)
  checkChoice(OWNER, 'conv_act', conv_act, ACTIVATIONS)
}

// The format allows these sizes to differ from hidden_size; in no released model they do.
function refuseVariants(config: DebertaV2Config): void {
  const { hidden_size: C, num_attention_heads: H } = config
  const wanted = { embedding_size: C, pooler_hidden_size: C, attention_head_size: C / H }
  for (const [field, value] of Object.entries(wanted)) {
    const received = config[field] ?? value
    if (received === value) continue
    throw new UnsupportedError({
      what: `${OWNER}: this ${field} is not supported`,
      expected: `${field} ${value}, as hidden_size and num_attention_heads say`,
      received: show(received),
      fix: 'use a checkpoint of a released size',
    })
  }
}
