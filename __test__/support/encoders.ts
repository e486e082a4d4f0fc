// Small encoders of every architecture, and batches with padding.
import * as lora from 'loralib'

const { models } = lora

const SMALL = {
  vocab_size: 19,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 24,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.4,
  num_labels: 3,
}

const MODERN = {
  model_type: 'modernbert',
  vocab_size: 19,
  hidden_size: 8,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  intermediate_size: 12,
  local_attention: 4,
  pad_token_id: 0,
  initializer_range: 0.4,
  attention_dropout: 0,
  mlp_dropout: 0,
  embedding_dropout: 0,
  classifier_dropout: 0,
  num_labels: 3,
}

const RELATIVE = { relative_attention: true, pos_att_type: ['c2p', 'p2c'], position_biased_input: false }

/** Configurations by their subject; those of DeBERTa are the variants of released models, and more. */
export const ENCODERS: Record<string, Record<string, unknown>> = {
  bert: { ...SMALL, model_type: 'bert', type_vocab_size: 2 },
  roberta: { ...SMALL, model_type: 'roberta', type_vocab_size: 2 },
  'deberta v3': {
    ...SMALL,
    ...RELATIVE,
    model_type: 'deberta-v2',
    position_buckets: 4,
    share_att_key: true,
    norm_rel_ebd: 'layer_norm',
  },
  'deberta v2 with a convolution': {
    ...SMALL,
    ...RELATIVE,
    model_type: 'deberta-v2',
    position_buckets: 4,
    share_att_key: true,
    norm_rel_ebd: 'layer_norm',
    conv_kernel_size: 3,
    conv_act: 'gelu',
  },
  'deberta with one layer and a convolution': {
    ...SMALL,
    ...RELATIVE,
    model_type: 'deberta-v2',
    num_hidden_layers: 1,
    share_att_key: true,
    conv_kernel_size: 3,
    conv_groups: 2,
  },
  'deberta with own projections': { ...SMALL, ...RELATIVE, model_type: 'deberta-v2' },
  'deberta with absolute positions': {
    ...SMALL,
    model_type: 'deberta-v2',
    relative_attention: true,
    pos_att_type: 'c2p',
    share_att_key: true,
    type_vocab_size: 2,
  },
  'deberta without distances': { ...SMALL, model_type: 'deberta-v2' },
  modernbert: MODERN,
  'modernbert with the mean of all tokens': { ...MODERN, classifier_pooling: 'mean', norm_bias: true, mlp_bias: true },
}

/** The padding token of a configuration. */
export const paddingOf = (config: Record<string, unknown>): number => (config['model_type'] === 'roberta' ? 1 : 0)

export const classifier = (config: Record<string, unknown>, extra: object = {}): lora.models.SequenceClassifier =>
  models.AutoModelForSequenceClassification.fromConfig(
    { ...config, ...extra },
    { generator: new lora.Generator(5) },
  ) as lora.models.SequenceClassifier

export const flat = (rows: readonly (readonly number[])[]): lora.Tensor =>
  lora.tensor(rows.flat(), { dtype: 'i64', shape: [rows.length, rows[0]!.length] })

/** A tensor whose values are not known when work is recorded. */
export const computed = (rows: readonly (readonly number[])[]): lora.Tensor => flat(rows).mul(1)

/** Rows padded to one length with `padding` on one side, and their mask. */
export function padded(
  rows: readonly (readonly number[])[],
  side: 'left' | 'right',
  padding: number,
  width: number = Math.max(...rows.map((row) => row.length)),
): { ids: number[][]; mask: number[][] } {
  const beside = (row: readonly number[], fill: readonly number[]) =>
    side === 'left' ? [...fill, ...row] : [...row, ...fill]
  return {
    ids: rows.map((row) => beside(row, Array<number>(width - row.length).fill(padding))),
    mask: rows.map((row) => beside(row.map(() => 1), Array<number>(width - row.length).fill(0))), // prettier-ignore
  }
}
