// The base of encoders without a head: from ids to hidden states, checkpointing, files.
import { checkOptions } from '../../runtime/check-options.js'
import { schemas } from '../../runtime/tables.js'
import { withTokenCounts } from '../../lora/active.js'
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
   * the last layer is computed for it alone, with the same result. @integer @minimum 1 @default all
   */
  positionsToKeep?: number
}

/**
 * An encoder without a head: the base of BERT, RoBERTa, DeBERTa and ModernBERT.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
export abstract class EncoderModel extends PretrainedEncoder {
  abstract override readonly config: LabelsConfig & Record<string, unknown>
  /** Backward recomputes each layer instead of keeping its activations: less memory for about a third more time. */
  gradientCheckpointing = false

  abstract override forward(inputIds: Ids, options?: EncoderModelOptions): EncoderOutput

  /** Writes `config.json` and `model.safetensors`, as transformers does. */
  async savePretrained(dir: string, options: SaveOptions = {}): Promise<void> {
    await savePretrained(this, dir, { ...options, leaveOut: [], config: savedConfig(this.config, this.architecture) })
  }

  /**
   * From now on, backward recomputes each layer in training mode instead of keeping its activations: they take the memory of one layer, and of one tensor
   * (B, T, C) per layer, for about a third more time. Results are the same.
   */
  gradientCheckpointingEnable(): void {
    this.gradientCheckpointing = true
  }

  /** The opposite of {@link gradientCheckpointingEnable}. */
  gradientCheckpointingDisable(): void {
    this.gradientCheckpointing = false
  }

  /** Whether the current forward leaves layers to be recomputed. */
  protected get checkpointed(): boolean {
    return this.gradientCheckpointing && this.training && isGradEnabled()
  }
}

/** Parts of an encoder as {@link encode} puts them together. */
export interface EncoderParts {
  /** The input of the first layer, (B, T, C), or (1, N, C) for a packed batch. */
  embed(packing: Packing | null): Tensor
  /** All hidden states, the embeddings first; with `onlyFirst` the last one holds the first token of each row alone, (B, 1, C) or (1, B, C). */
  layers(x: Tensor, batch: EncoderBatch): Tensor[]
  /** Reads the first token; null in a model without a pooler. */
  pooler: Layer | null
  /** Whether the layers support this packing. @default true */
  packs?(packing: Packing): boolean
}

/** The layout of the tokens of a forward. */
export interface EncoderBatch {
  /** The tokens to compute, packed into (1, N); null for the whole batch. */
  packing: Packing | null
  keys: KeyMask
  /** Whether only the first tokens of the last layer are read. */
  onlyFirst: boolean
}

/**
 * The forward of an encoder: embeddings, layers, pooler. Where padding is known here, the tokens are packed into (1, N), and attention stays within the
 * sequences.
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
  const inTokens = <T>(run: () => T) => withTokenCounts(packing, run)
  const x = inTokens(() => embed(packing))
  const [B = 0, T = 0] = x.shape
  const keys = packing
    ? { mask: null, lengths: null, starts: packing.starts, first: null }
    : keyMask(owner, attentionMask, B, T)
  const states = inTokens(() => layers(x, { packing, keys, onlyFirst }))
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
