// An encoder of a few hundred parameters, and rows that it can learn: whether token 5 is among them.
import * as lora from 'loralib'

export const TINY = {
  vocab_size: 19,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 12,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
  initializer_range: 0.4,
  num_labels: 2,
}

export function tinyEncoder(extra: object = {}, seed = 5): lora.models.RobertaForSequenceClassification {
  return lora.models.RobertaForSequenceClassification.fromConfig(
    { ...TINY, ...extra },
    { generator: new lora.Generator(seed) },
  )
}

/** Rows of 4 to 7 tokens, every other one with token 5 at some position. */
export function tinyRows(count: number): lora.data.EncodedText[] {
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2
    const tokens = Array.from({ length: 2 + (i % 4) }, (_, k) => 6 + ((i * 7 + k * 3) % 12))
    if (label === 1) tokens[i % tokens.length] = 5
    const inputIds = [0, ...tokens, 2]
    return { inputIds, tokenTypeIds: inputIds.map(() => 0), label }
  })
}
