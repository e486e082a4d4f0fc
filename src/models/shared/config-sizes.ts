// The sizes in a config.json against the weights beside it, before a model is built of them: a model of a thousand million layers would never end.
import { FormatError } from '../../errors.js'
import type { StateDict } from '../../nn/module.js'

/** Fields that are the number of rows or columns of some weight. */
const SIZES = [
  ...['vocab_size', 'type_vocab_size', 'n_positions', 'hidden_size', 'n_embd', 'embedding_size', 'intermediate_size'],
  ...['n_inner', 'num_attention_heads', 'n_head', 'num_key_value_heads', 'head_dim', 'attention_head_size'],
] as const

/** Fields that are the number of blocks. Each block has a tensor or more of its own. */
const BLOCKS = ['num_hidden_layers', 'n_layer'] as const

/** @throws {FormatError} naming a size that the weights of the file cannot have. */
export function checkSizes(dir: string, config: Readonly<Record<string, unknown>>, dict: StateDict): void {
  const tensors = Object.values(dict)
  const numbers = tensors.reduce((sum, tensor) => sum + tensor.numel, 0)
  const check = (field: string, most: number, of: string) => {
    const size = config[field]
    // What is no number at all is an error of the model that reads the field.
    if (typeof size !== 'number' || size <= most) return
    throw new FormatError({
      what: `${dir}: config.json does not fit the weights beside it`,
      expected: `${field}: at most ${most}, the number of ${of} in the file`,
      received: `${field}: ${size}`,
      fix: 'copy config.json and the weights from one checkpoint',
    })
  }
  for (const field of SIZES) check(field, numbers, 'values')
  for (const field of BLOCKS) check(field, tensors.length, 'tensors')
}
