import { sameContext } from '../../autograd/running-forward.js'
import { GradError } from '../../errors.js'
import { withTokenCounts } from '../../lora/active.js'
import type { Module } from '../../nn/module.js'
import { isGradEnabled, withGrad } from '../../tensor/scope.js'
import { Tensor } from '../../tensor/tensor.js'
import type { Decoder, DecoderOptions } from './decoder.js'
import type { DecoderOutput } from './decoder-output.js'
import type { Ids } from '../../generation/ids.js'
import type { KvCache } from '../../generation/kv-cache.js'

/** Parts of a {@link CausalLMOutput}. */
interface Parts {
  /** Mean cross entropy. */
  loss?: Tensor
  /** Only the last positions have logits. */
  last?: number | null
  /** Where not every token was computed: a forward over all of them. */
  complete?: (() => DecoderOutput) | null
}

/** The output of a language model; `Loss` is a tensor after a forward with labels. Positions of padding that the model skipped are zeros. */
export class CausalLMOutput<Loss extends Tensor | null = Tensor | null> {
  /** Mean cross entropy over the labels that count; null without labels. */
  readonly loss: Loss
  readonly pastKeyValues: KvCache | null
  private readonly head: (hidden: Tensor) => Tensor
  private readonly recordsGrad = isGradEnabled()
  private readonly inContext = sameContext()
  private readonly last: number | null
  private complete: (() => DecoderOutput) | null
  private decoded: DecoderOutput
  private computed: Tensor | null = null
  private hidden: Tensor | null = null

  /** @internal */
  constructor(decoded: DecoderOutput, head: (hidden: Tensor) => Tensor, parts: Parts) {
    this.loss = (parts.loss ?? null) as Loss
    this.pastKeyValues = decoded.pastKeyValues
    this.head = head
    this.last = parts.last ?? null
    this.complete = parts.complete ?? null
    this.decoded = decoded
    // With a loss, the logits of all positions are extra work that only some callers need.
    if (this.loss === null) this.computed = this.computeLogits()
  }

  /**
   * Scores over the vocabulary, (B, T, V). After a forward with labels they are computed on first access: read them before weights change. Where that forward
   * skipped tokens that no label needs, all tokens are recomputed, with new draws of dropout.
   * @throws {GradError} `ERR_LORA_VERSION` when weights have changed since a forward that has to be recomputed.
   */
  get logits(): Tensor {
    return (this.computed ??= this.asRecorded(() => this.computeLogits()))
  }

  /** Output of the final norm at the positions that `logits` covers, (B, T, C). Computed as {@link logits} are. */
  get lastHiddenState(): Tensor {
    return (this.hidden ??= this.asRecorded(() => this.lastOf(this.whole().lastHiddenState)))
  }

  /** Embeddings, then the output of each block, the last one after the final norm; null unless asked for. */
  get hiddenStates(): Tensor[] | null {
    return this.decoded.hiddenStates
  }

  private computeLogits(): Tensor {
    // The head runs on the computed rows only; those of padding are filled in afterwards.
    const whole = this.whole()
    if (this.last !== null) return this.head(this.lastHiddenState)
    const { rows, packing } = whole
    return whole.spread(withTokenCounts(packing, () => this.head(rows)))
  }

  private whole(): DecoderOutput {
    if (this.complete !== null) this.decoded = this.complete()
    this.complete = null
    return this.decoded
  }

  private lastOf(hidden: Tensor): Tensor {
    const T = hidden.shape[1]!
    return this.last === null || this.last >= T ? hidden : hidden.narrow(1, T - this.last, this.last)
  }

  private asRecorded<T>(compute: () => T): T {
    return this.inContext(() => withGrad(this.recordsGrad, compute, 'CausalLMOutput'))
  }
}

/** A forward that can run later, on the present input, as long as the weights are unchanged. */
export function laterForward(
  model: Module,
  decoder: Decoder,
  inputIds: Ids,
  options: DecoderOptions,
): () => DecoderOutput {
  const { attentionMask, positionIds } = options
  const ids = copied(inputIds)
  const recomputed = {
    ...options,
    attentionMask: attentionMask && copied(attentionMask),
    positionIds: positionIds && copied(positionIds),
  }
  const weights = model.parameters()
  const versions = weights.map((weight) => weight.version)
  return () => {
    const changed = weights.findIndex((weight, i) => weight.isDisposed || weight.version !== versions[i])
    if (changed >= 0) throw weightsChanged()
    return decoder.forward(ids, recomputed)
  }
}

function copied(ids: Ids): Ids {
  return ids instanceof Tensor ? ids : ids.map((row) => row.slice())
}

function weightsChanged(): GradError {
  return new GradError(
    {
      what: 'CausalLMOutput: the weights have changed since the forward of these logits',
      expected:
        'the weights of that forward: it skipped the tokens after the last label of each row, and must be run again for all logits',
      received: 'weights of a newer version',
      fix: 'read output.logits before optimizer.step(), or call the model without labels for logits of its new weights',
    },
    'ERR_LORA_VERSION',
  )
}
