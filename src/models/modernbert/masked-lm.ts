import { Linear } from '../../nn/linear.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Ids } from '../../generation/ids.js'
import { MaskedLM } from '../shared/masked-lm.js'
import type { ModernBertConfig } from './config.js'
import { MODERNBERT_NAMES, ModernBertModel, ModernBertPredictionHead } from './modernbert.js'
import { within } from '../shared/parts.js'
import type { Layer } from '../shared/parts.js'
import { freshWeights } from '../shared/pretrained.js'
import type { FreshOptions } from '../shared/pretrained.js'
import { tokenLoss } from '../shared/token-loss.js'

/**
 * ModernBERT with the head of its pre-training, which predicts the tokens behind `[MASK]`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, V)`, `loss ()`. Parameter names as in Hugging Face checkpoints (`head.dense.weight`, `decoder.bias`).
 */
export class ModernBertForMaskedLM extends MaskedLM {
  /** @internal */
  static override readonly checkpoint = {
    className: 'ModernBertForMaskedLM',
    names: MODERNBERT_NAMES,
    heads: ['head', 'decoder'],
    tied: ['decoder.weight'],
  }
  readonly config: ModernBertConfig
  model: ModernBertModel
  head: ModernBertPredictionHead
  decoder: Layer

  constructor(
    config: Partial<ModernBertConfig> = {},
    options: FreshOptions = {},
    take = freshWeights('ModernBertForMaskedLM', options),
  ) {
    super()
    this.model = new ModernBertModel(config, {}, within(take, 'model'))
    this.config = this.model.config
    const { hidden_size: C, vocab_size: V, initializer_range, num_hidden_layers, decoder_bias } = this.config
    this.head = new ModernBertPredictionHead(this.config, within(take, 'head'))
    const init = {
      std: initializer_range / Math.sqrt(2 * num_hidden_layers),
      cut: this.config.initializer_cutoff_factor,
    }
    const weight = this.config.tie_word_embeddings ? this.words : take('decoder.weight', [V, C], init)
    this.decoder = new Linear(C, V, { weight, bias: decoder_bias && take('decoder.bias', [V], { value: 0 }) })
  }

  override get baseModel(): ModernBertModel {
    return this.model
  }

  protected override get scorer(): Layer {
    return this.decoder
  }

  protected override get words(): Tensor {
    return this.model.embeddings.tok_embeddings.weight
  }

  protected override predict(hidden: Tensor): Tensor {
    return this.decoder.forward(this.head.forward(hidden))
  }

  protected override loss(owner: string, hidden: Tensor, labels: Ids): Tensor {
    return tokenLoss(owner, this.head.forward(hidden), labels, this.decoder, { shift: 0 })
  }
}
