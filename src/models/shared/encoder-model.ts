// What the encoders without a head share: the way from ids to hidden states, checkpointing, files.
import { Module } from '../../nn/module.js'
import { checkInteger, checkKeys } from '../../runtime/options.js'
import { isGradEnabled } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { ENCODER_KEYS, encoderPacking, keyMask, pickFirst } from './encoder-input.js'
import type { EncoderOptions, EncoderOutput, KeyMask } from './encoder-input.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from './labels-config.js'
import type { Packing } from './packing.js'
import type { Layer } from './parts.js'
import { readWeights, savePretrained } from './pretrained.js'
import type { CheckpointWeights, PretrainedOptions, SaveOptions } from './pretrained.js'

/** Options of the forward of an encoder without a head. */
export interface EncoderModelOptions extends EncoderOptions {
  /**
   * Return the first n tokens of `lastHiddenState` only, (B, n, C). With 1 it is the first token that the mask keeps, which a classification head reads, and
   * the last layer is computed there alone, with the same result. @default all
   */
  positionsToKeep?: number
}

/**
 * An encoder without a head: what BERT, RoBERTa, DeBERTa and ModernBERT have in common.
 *
 * Shapes: `inputIds (B, T)` → `lastHiddenState (B, T, C)`.
 */
export abstract class EncoderModel extends Module {
  abstract readonly config: LabelsConfig & Record<string, unknown>
  /** Backward computes each layer again instead of keeping what it needs: less memory for about a third more time. */
  gradientCheckpointing = false

  /** The name of the class in `config.json`. */
  protected abstract get architecture(): string

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
  checkKeys(owner, options, [...ENCODER_KEYS, 'positionsToKeep'])
  const { attentionMask, positionsToKeep, outputHiddenStates } = options
  if (positionsToKeep !== undefined) checkInteger(owner, 'positionsToKeep', positionsToKeep, 1)
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
  const lastHiddenState = positionsToKeep === undefined ? all : all.narrow(1, 0, Math.min(positionsToKeep, all.shape[1]!))
  const pooled = pooler?.forward(onlyFirst ? all : rows(pickFirst(last, keys))) ?? null
  const hiddenStates = outputHiddenStates ? [...states.slice(0, -1).map(whole), lastHiddenState] : null
  return { lastHiddenState, poolerOutput: pooled, hiddenStates }
}

/** What the files of an architecture call its parts. */
export interface CheckpointNames {
  /** `model_type` in `config.json`. */
  modelType: string
  /** Where a model with a head holds the one without. */
  prefix: string
  /** Top names in the one without a head, whose files have no prefix. */
  parts: readonly string[]
  /** Heads that files may hold beside it. */
  heads: readonly string[]
}

/**
 * Configuration and weights of a folder, for a model with these `heads`; the heads of other tasks are passed over. Weights have the names of a model with a
 * head.
 */
export async function readEncoder<Config>(
  dir: string,
  options: PretrainedOptions,
  names: CheckpointNames,
  heads: readonly string[],
): Promise<{ config: Partial<Config>; weights: CheckpointWeights }> {
  const nameOf = (name: string) => ownName(name, names, heads)
  const { config, weights } = await readWeights(dir, [names.modelType], nameOf, options, heads)
  return { config: config as Partial<Config>, weights }
}

/** The configuration as a file holds it: the length of `id2label` says the number of labels. */
export function savedConfig(config: object, architecture: string): object {
  return { ...config, num_labels: undefined, architectures: [architecture] }
}

// Files of old releases hold the positions as a buffer, and those that were made of TensorFlow's call the weights of a norm gamma and beta.
function ownName(name: string, { prefix, parts, heads: known }: CheckpointNames, heads: readonly string[]): string | null {
  if (name.endsWith('embeddings.position_ids')) return null
  const today = name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
  const ours = parts.some((part) => today.startsWith(`${part}.`)) ? `${prefix}.${today}` : today
  const head = known.find((path) => ours.startsWith(`${path}.`))
  return head === undefined || heads.includes(head) ? ours : null
}
