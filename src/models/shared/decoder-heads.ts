// Decoders under a classification head: what those of all families have in common.
import { checkOptions } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { noGrad } from '../../tensor/scope.js'
import { arange, tensor } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import { idsTensor, knownRows } from '../../generation/ids.js'
import type { Ids } from '../../generation/ids.js'
import type { Dropout } from '../../nn/dropout.js'
import { withFloatsOf } from './config-text.js'
import type { Decoder, DecoderOptions } from './decoder.js'
import type { LabelsConfig } from './labels-config.js'
import { sizeOf } from './packing.js'
import type { Layer } from './parts.js'
import { savedConfig } from './pretrained-encoder.js'
import { PretrainedModel } from './pretrained-model.js'
import { readWeights, readyModel, savePretrained } from './pretrained.js'
import type { PretrainedOptions, SaveOptions, WeightSource } from './pretrained.js'
import { sequenceLoss } from './sequence-classification.js'
import type { SequenceClassifierOutput, SequenceLabels } from './sequence-classification.js'
import { labelsPadding, tokenClassLoss } from './token-classification.js'
import type { TokenClassifierOutput } from './token-classification.js'

/** Options of the forward of a decoder that labels whole sequences. */
export interface DecoderSequenceClassificationOptions extends Pick<
  DecoderOptions,
  'attentionMask' | 'positionIds' | 'outputHiddenStates'
> {
  /** The labels to predict: classes or numbers. See {@link SequenceLabels}. @shallow @default none */
  labels?: SequenceLabels | null
}

/** Options of the forward of a decoder that labels tokens. */
export interface DecoderTokenClassificationOptions extends Pick<
  DecoderOptions,
  'attentionMask' | 'positionIds' | 'outputHiddenStates'
> {
  /** The class of each token, (B, T); −100 is ignored, and is the label of padding and of the tokens that continue a word. @shallow @default none */
  labels?: Ids | null
}

/** A configuration with the fields about labels. */
export type DecoderHeadConfig = LabelsConfig & { pad_token_id: number | null } & Record<string, unknown>

/** A decoder under a head: files and checkpointing. */
abstract class DecoderWithHead extends PretrainedModel {
  abstract override readonly config: DecoderHeadConfig
  /** The head, a dense layer; its output are the logits. */
  abstract readonly classifier: Layer

  /** The model below the head. Parameters outside of it belong to the head. */
  abstract get baseModel(): Decoder

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    const config = savedConfig(this.config, this.constructor.name)
    await savePretrained(this, dir, { ...options, leaveOut: [], config })
  }

  /** @see {@link CausalLM.gradientCheckpointingEnable} */
  gradientCheckpointingEnable(): void {
    this.baseModel.gradientCheckpointing = true
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.baseModel.gradientCheckpointing = false
  }
}

/**
 * A decoder with a dense layer on the last token of each row that is not `pad_token_id`, which labels the whole sequence: with classes, several labels at once, or
 * numbers, according to `problem_type` or the labels.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, num_labels)`, `loss ()`. Without a `pad_token_id` it reads the last token, and takes one row at a time.
 */
export abstract class DecoderSequenceClassifier extends DecoderWithHead {
  /** Scores of each label, and the loss on `labels`. */
  override forward(
    inputIds: Ids,
    options: DecoderSequenceClassificationOptions & { labels: SequenceLabels },
  ): SequenceClassifierOutput<Tensor>
  /** Scores of each label; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: DecoderSequenceClassificationOptions): SequenceClassifierOutput
  override forward(inputIds: Ids, options: DecoderSequenceClassificationOptions = {}): SequenceClassifierOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.DecoderSequenceClassificationOptions)
    const { labels, ...rest } = options
    const [B, T] = sizeOf(owner, inputIds)
    const last = lastTokens(owner, inputIds, this.config.pad_token_id, B, T)
    const reads = Array.isArray(last) && !rest.outputHiddenStates ? last : 'all'
    const decoded = this.baseModel.forward(inputIds, rest, reads)
    const hidden = decoded.lastHiddenState.reshape([B * T, -1])
    const index = Array.isArray(last) ? tensor(Float64Array.from(last), { dtype: 'i64' }) : last
    const logits = this.classifier.forward(hidden.indexSelect(0, index))
    const loss = labels ? sequenceLoss(owner, logits, labels, this.config) : null
    return { loss, logits, hiddenStates: decoded.hiddenStates }
  }
}

/**
 * A decoder with a dense layer on each token, which labels it with a class: `classifier(dropout(x))`.
 *
 * Shapes: `inputIds (B, T)` → `logits (B, T, num_labels)`, `loss ()`. Padding that is known here is not computed unless it has a label: the scores there mean nothing.
 */
export abstract class DecoderTokenClassifier extends DecoderWithHead {
  abstract dropout: Dropout

  /** Scores of each label for each token, and the loss on `labels`. */
  override forward(
    inputIds: Ids,
    options: DecoderTokenClassificationOptions & { labels: Ids },
  ): TokenClassifierOutput<Tensor>
  /** Scores of each label for each token; `loss` is null without labels. */
  override forward(inputIds: Ids, options?: DecoderTokenClassificationOptions): TokenClassifierOutput
  override forward(inputIds: Ids, options: DecoderTokenClassificationOptions = {}): TokenClassifierOutput {
    const owner = `${this.constructor.name}.forward`
    checkOptions(owner, options, schemas.DecoderTokenClassificationOptions)
    const { labels, ...rest } = options
    const reads = labelsPadding(labels, rest.attentionMask) ? 'all' : 'unmasked'
    const decoded = this.baseModel.forward(inputIds, rest, reads)
    const logits = this.classifier.forward(this.dropout.forward(decoded.lastHiddenState))
    const loss = labels ? tokenClassLoss(owner, logits, labels) : null
    return { loss, logits, hiddenStates: decoded.hiddenStates }
  }
}

/** The flat position b·T + t of the last token of each row that is not padding, (B); t is 0 in a row of padding alone, as in transformers. */
function lastTokens(owner: string, inputIds: Ids, padding: number | null, B: number, T: number): number[] | Tensor {
  if (padding === null) {
    if (B === 1) return [T - 1]
    const fix = 'set pad_token_id of the configuration to the token that pads rows'
    throw bad(owner, 'inputIds', '1 row, as the configuration has no pad_token_id', `${B} rows`, fix)
  }
  const rows = knownRows(inputIds)
  if (rows !== null) return rows.map((row, b) => b * T + Math.max(0, row.findLastIndex((id) => id !== padding))) // prettier-ignore
  return noGrad(() => {
    const ids = idsTensor(owner, 'inputIds', inputIds)
    const places = ids.ne(padding).to('f64').mul(arange(0, T, 1, { dtype: 'f64' })) // prettier-ignore
    return places.argmax(1).add(arange(0, B * T, T, { dtype: 'i64' }))
  })
}

/** The dropout before a token classification head, as transformers chooses it. */
export function headDropout(config: Record<string, unknown>): number {
  return Number(config['classifier_dropout'] ?? config['hidden_dropout'] ?? 0.1)
}

/** Builds a decoder under the head `head` from the configuration and the weights of a folder, whose other heads are left out; it is in evaluation mode. */
export async function readDecoderHead<M extends DecoderWithHead>(
  dir: string,
  options: PretrainedOptions,
  modelType: string,
  nameOf: (name: string) => string | null,
  head: string,
  build: (config: Record<string, unknown>, take: WeightSource) => M,
): Promise<M> {
  const { config, weights } = await readWeights(dir, [modelType], nameOf, options, [head])
  const model = build(config, weights.take)
  withFloatsOf(model.config, config)
  weights.close({ ignore: [] })
  return readyModel(model, options, [head])
}
