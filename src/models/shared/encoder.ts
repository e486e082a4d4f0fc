// The encoder of BERT and RoBERTa (Devlin et al. 2018): every token attends to every other, and each half of a layer ends in a norm.
import { checkpoint } from '../../autograd/checkpoint.js'
import * as ops from '../../generated/ops.js'
import { Dropout } from '../../nn/dropout.js'
import { releaseAfter } from '../../nn/forward.js'
import { scaledDotProductAttention } from '../../nn/functional/attention.js'
import type { LayerNorm } from '../../nn/layer-norm.js'
import { Module } from '../../nn/module.js'
import { keep, tensorsIn } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { PostNormConfig } from './encoder-config.js'
import { pickFirst } from './encoder-input.js'
import type { KeyMask } from './encoder-input.js'
import { activation, layerNorm, linear, within } from './parts.js'
import type { Layer } from './parts.js'
import type { WeightSource } from './pretrained.js'

class SelfAttention extends Module {
  query: Layer
  key: Layer
  value: Layer
  dropout: Dropout
  private readonly heads: number

  constructor(config: PostNormConfig, take: WeightSource) {
    super()
    const { hidden_size: C, initializer_range: std } = config
    this.heads = config.num_attention_heads
    this.query = linear(take, 'query', C, C, std)
    this.key = linear(take, 'key', C, C, std)
    this.value = linear(take, 'value', C, C, std)
    this.dropout = new Dropout(config.attention_probs_dropout_prob)
  }

  /** `x (B, S, C)` gives keys and values, `read (B, T, C)` the queries → (B, T, C). */
  override forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor {
    const split = (y: Tensor) => y.reshape([...y.shape.slice(0, 2), this.heads, y.shape[2]! / this.heads])
    const q = split(this.query.forward(read)) // (B, T, H, D)
    const k = split(this.key.forward(x)) // (B, S, H, D)
    const v = split(this.value.forward(x))
    const dropoutP = this.dropout.training ? this.dropout.p : 0
    const { mask, lengths, starts } = keys
    if (starts === null)
      return scaledDotProductAttention(q, k, v, { layout: 'BTHD', dropoutP, mask, lengths }).reshape(read.shape)
    const queries = read === x ? starts : starts.map((_, sequence) => sequence) // one of each sequence
    return ops.sdpaPacked(q, k, v, queries, starts, 1 / Math.sqrt(q.shape[3]!), 0, dropoutP, 0, 0).reshape(read.shape)
  }
}

/** `LayerNorm(dropout(x Wᵀ + b) + residual)`: the end of each half of a layer. */
export class DenseAddNorm extends Module {
  dense: Layer
  LayerNorm: LayerNorm
  dropout: Dropout

  constructor(config: PostNormConfig, inFeatures: number, take: WeightSource) {
    super()
    const { hidden_size: C } = config
    this.dense = linear(take, 'dense', inFeatures, C, config.initializer_range)
    this.LayerNorm = layerNorm(take, 'LayerNorm', C, config.layer_norm_eps)
    this.dropout = new Dropout(config.hidden_dropout_prob)
  }

  override forward(x: Tensor, residual: Tensor): Tensor {
    return this.LayerNorm.forward(this.dropout.forward(this.dense.forward(x)).add(residual))
  }
}

class Attention extends Module {
  self: SelfAttention
  output: DenseAddNorm

  constructor(config: PostNormConfig, take: WeightSource) {
    super()
    this.self = new SelfAttention(config, within(take, 'self'))
    this.output = new DenseAddNorm(config, config.hidden_size, within(take, 'output'))
  }

  override forward(x: Tensor, read: Tensor, keys: KeyMask): Tensor {
    return this.output.forward(this.self.forward(x, read, keys), read)
  }
}

/** `act(x Wᵀ + b)`: the first layer of the MLP. */
export class Intermediate extends Module {
  dense: Layer
  intermediate_act_fn: Layer

  constructor(config: PostNormConfig, take: WeightSource) {
    super()
    this.dense = linear(take, 'dense', config.hidden_size, config.intermediate_size, config.initializer_range)
    this.intermediate_act_fn = activation(config.hidden_act)
  }

  override forward(x: Tensor): Tensor {
    return this.intermediate_act_fn.forward(this.dense.forward(x))
  }
}

/** `a = norm(x + attention(x));  y = norm(a + output(act(intermediate(a))))`. */
class EncoderLayer extends Module {
  attention: Attention
  intermediate: Intermediate
  output: DenseAddNorm

  constructor(config: PostNormConfig, take: WeightSource) {
    super()
    this.attention = new Attention(config, within(take, 'attention'))
    this.intermediate = new Intermediate(config, within(take, 'intermediate'))
    this.output = new DenseAddNorm(config, config.intermediate_size, within(take, 'output'))
  }

  /** With `onlyFirst` the output of the first token of each row alone, which attends to all tokens. */
  override forward(x: Tensor, keys: KeyMask, onlyFirst: boolean): Tensor {
    const read = onlyFirst ? pickFirst(x, keys) : x
    const attended = this.attention.forward(x, read, keys)
    return this.output.forward(this.intermediate.forward(attended), attended)
  }
}

/** The layers one after the other. */
export class Encoder extends Module {
  layer: EncoderLayer[]

  constructor(config: PostNormConfig, take: WeightSource) {
    super()
    const layer = (_: unknown, i: number) => new EncoderLayer(config, within(take, `layer.${i}`))
    this.layer = Array.from({ length: config.num_hidden_layers }, layer)
  }

  /**
   * Embeddings `x (B, T, C)` → all hidden states, the embeddings first. With `onlyFirst` the last state is (B, 1, C): what only other
   * positions need is not computed in the last layer. A packed batch is (1, N, C), and its first tokens are (1, B, C).
   */
  override forward(x: Tensor, keys: KeyMask, onlyFirst: boolean, checkpointed: boolean): Tensor[] {
    if (checkpointed) for (const tensor of tensorsIn(keys)) keep(tensor)
    const count = this.layer.length
    return runLayers(x, count, checkpointed, (input, i) =>
      this.layer[i]!.forward(input, keys, onlyFirst && i === count - 1),
    )
  }
}

/**
 * Runs `count` layers one after the other; returns the input of the first and the output of each. `checkpointed`: backward recomputes a layer instead of
 * keeping its activations. Further tensors that a layer reads and that get gradients are passed in `beside`.
 */
export function runLayers<Beside extends readonly Tensor[]>(
  x: Tensor,
  count: number,
  checkpointed: boolean,
  run: (x: Tensor, i: number, ...beside: Beside) => Tensor,
  ...beside: Beside
): Tensor[] {
  const states = [x]
  for (let i = 0; i < count; i++) {
    const before = states.at(-1)!
    const forward = (input: Tensor, ...others: Beside) => run(input, i, ...others)
    states.push(checkpointed ? checkpoint(forward, before, ...beside) : releaseAfter(() => forward(before, ...beside)))
  }
  return states
}

/** `tanh(x₀ Wᵀ + b)` of the first token. */
export class Pooler extends Module {
  dense: Layer

  constructor(config: Pick<PostNormConfig, 'hidden_size' | 'initializer_range'>, take: WeightSource) {
    super()
    this.dense = linear(take, 'dense', config.hidden_size, config.hidden_size, config.initializer_range)
  }

  /** `(B, T, C)` → `(B, C)`. */
  override forward(x: Tensor): Tensor {
    return this.dense.forward(x.narrow(1, 0, 1).squeeze(1)).tanh()
  }
}
