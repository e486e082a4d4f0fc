// What the encoders without a head share: the way from ids to hidden states, checkpointing, files.
import { checkOptions } from '../../runtime/check-options.js'
import * as schemas from '../../generated/options.js'
import { isGradEnabled } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { encoderPacking, keyMask, pickFirst } from './encoder-input.js'
import type { EncoderOptions, EncoderOutput, KeyMask } from './encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Packing } from './packing.js'
import type { Layer } from './parts.js'
import { PretrainedEncoder, savedConfig } from './pretrained-encoder.js'
import { savePretrained } from './pretrained.js'
import type { SaveOptions } from './pretrained.js'

/** Options of the forward of an encoder without a head. */
export interface EncoderModelOptions extends EncoderOptions {
  /**
   * Return the first n tokens of `lastHiddenState` only, (B, n, C). With 1 it is the first token that the mask keeps, which a classification head reads, and
   * the last layer is computed there alone, with the same result. @integer @minimum 1 @default all
   */
  positionsToKeep?: number
}

/**
 * An encoder without a head: what BERT, RoBERTa, DeBERTa and ModernBERT have in common.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
export abstract class EncoderModel extends PretrainedEncoder {
  abstract override readonly config: LabelsConfig & Record<string, unknown>
  /** Backward computes each layer again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing = false

  abstract override forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    await savePretrained(this, dir, { ...options, leaveOut: [], config: savedConfig(this.config, this.architecture) })
  }

  /**
   * From now on, backward computes each layer again instead of keeping what it needs, in training mode: activations take the memory of one
   * layer and one tensor (B, T, C) for each, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void {
    this.gradientCheckpointing = true
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.gradientCheckpointing = false
  }

  /** Whether the forward that runs now leaves layers to be computed again. */
  protected get checkpointed(): boolean {
    return this.gradientCheckpointing && this.training && isGradEnabled()
  }
}

/** Parts of an encoder as {@link encode} puts them together. */
export interface EncoderParts {
  /** What goes into the first layer, (B, T, C), or of a packed batch (1, N, C). */
  embed(packing: Packing | null): Tensor
  /** All hidden states, the embeddings first; with `onlyFirst` the last one holds the first token of each row alone, (B, 1, C) or (1, B, C). */
  layers(x: Tensor, place: EncoderPlace): Tensor[]
  /** Reads the first token; null in a model without. */
  pooler: Layer | null
  /** Whether the layers can take tokens that lie so. @default true */
  packs?(packing: Packing): boolean
}

/** How the tokens of a forward lie. */
export interface EncoderPlace {
  /** The tokens to compute, one behind the other, (1, N); null for the whole batch. */
  packing: Packing | null
  keys: KeyMask
  /** Whether of the last layer nothing but the first tokens is read. */
  onlyFirst: boolean
}

/**
 * The forward of an encoder: embeddings, layers, pooler. Of a batch with padding that is known here, the tokens lie one behind the other, (1, N), and
 * attention keeps to the sequences.
 */
export function encode(
  owner: string,
  inputIds: Ids,
  options: EncoderModelOptions,
  { embed, layers, pooler, packs = () => true }: EncoderParts,
): EncoderOutput {
  checkOptions(owner, options, schemas.EncoderModelOptions)
  const { attentionMask, positionsToKeep, outputHiddenStates } = options
  const onlyFirst = positionsToKeep === 1
  const possible = encoderPacking(owner, inputIds, attentionMask)
  const packing = possible && packs(possible) ? possible : null
  const x = embed(packing)
  const [B = 0, T = 0] = x.shape
  const keys = packing
    ? { mask: null, lengths: null, starts: packing.starts, first: null }
    : keyMask(owner, attentionMask, B, T)
  const states = layers(x, { packing, keys, onlyFirst })
  const whole = (state: Tensor) => (packing ? packing.spread(state) : state)
  const rows = (first: Tensor) => (packing ? first.transpose(0, 1) : first) // (B, 1, C)
  const last = states.at(-1)!
  const all = onlyFirst ? rows(last) : whole(last)
  const lastHiddenState =
    positionsToKeep === undefined ? all : all.narrow(1, 0, Math.min(positionsToKeep, all.shape[1]!))
  const pooled = pooler?.forward(onlyFirst ? all : rows(pickFirst(last, keys))) ?? null
  const hiddenStates = outputHiddenStates ? [...states.slice(0, -1).map(whole), lastHiddenState] : null
  return { lastHiddenState, poolerOutput: pooled, hiddenStates }
}
