// Generated from src/peft/peft-model.ts by `npm run api`. Do not edit.

import type { HubOptions } from '../hub/options.js'
import { Module } from '../nn/module.js'
import type { FullConfig, LoraConfig } from './config.js'
import type { MergeOptions, MergeReport } from './merging.js'
import type { ModelStatus } from './status.js'
import type { RowOptions, WithRows } from './row-view.js'
import type { LoralibFacts } from './loralib-file.js'
import type { WeightedAdapterOptions } from './weighted.js'
import type { Tensor } from '../tensor/tensor.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
/** Options of {@link PeftModel.fromPretrained} and {@link PeftModel.loadAdapter}. */
export interface LoadAdapterOptions extends HubOptions {
  /** The name of the adapter in the model. @minLength 1 @default 'default' */
  adapterName?: string
  /** Train it: its parameters get gradients. @default false */
  isTrainable?: boolean
  /** For a file of loralib's factors that does not say how it is scaled. @default what the file says of itself */
  loralib?: LoralibFacts
  /** Name of a GGUF file in the folder or the repository. @default none; where there is no `adapter_config.json`, the one GGUF file is read */
  ggufFile?: string
}
/** Options of {@link PeftModel.savePretrained}. */
export interface SavePretrainedOptions {
  /**
   * Write adapters that started from the base, `pissa` and `olora`, as plain ones of twice the rank, which are right on the base as it is, in any program. Without, they are written as they are:
   * PEFT, and `loadAdapter` here, then compute the start again. @default true
   */
  convertToLora?: boolean
}
/** Options of {@link PeftModel.saveGguf}. */
export interface SaveAdapterGgufOptions {
  /** The adapter to write. @minLength 1 @default the active one, the first of several */
  adapterName?: string
  /** Type of the factors in the file. @default their own */
  dtype?: 'f32' | 'f16' | 'bf16'
}
/** How many numbers are trained. */
export interface TrainableCount {
  trainable: number
  all: number
  /** `100 · trainable / all`. */
  percent: number
}
/** What a layer would get, as {@link inspectTargets} shows it. */
export interface TargetReport {
  path: string
  /** The class of the layer. */
  layer: string
  r: number
  loraAlpha: number
  /** Numbers in the new factors. */
  parameters: number
}
/**
 * A model with adapters. The base is shared and frozen; each adapter has a name. {@link setAdapter} sets which of them act in calls of this object;
 * {@link withAdapter} gives a view with others, for a request or a thread of a conversation, that no later call changes.
 *
 * @example
 * const model = lora.peft.getPeftModel(base, { r: 16, loraAlpha: 32, targetModules: 'all-linear' })
 * const optimizer = new lora.optim.AdamW(model.trainableParameters(), { lr: 2e-4 })
 * await model.savePretrained('my-adapter')
 * @see peft.PeftModel
 */
export declare class PeftModel<M extends Module = Module> extends Module {
  readonly base_model: M
  private readonly configs
  private active
  private isDisabled
  /** @param config that of the first adapter; null for none yet */
  constructor(model: M, config?: LoraConfig | null, adapterName?: string)
  /**
   * A model with the adapter of a folder of PEFT or mlx-lm, of a hub repository, of a GGUF file, or of a file of loralib's factors; its content says which. It does
   * not train unless `isTrainable`; the model keeps its mode.
   */
  static fromPretrained<M extends Module>(
    model: M,
    dirOrHubId: string,
    options?: LoadAdapterOptions,
  ): Promise<Adapted<M>>
  /** The configurations of the adapters, by name. */
  get peftConfig(): ReadonlyMap<string, Readonly<FullConfig>>
  /** The names of the adapters that act in calls of this object. */
  get activeAdapters(): readonly string[]
  /** Calls the model with the active adapters, or with one for each row of the batch: `forward(x, { adapterNames })`. */
  forward(...args: Parameters<M['forward']>): ReturnType<M['forward']>
  /**
   * Continues prompts, with the active adapters of the moment of the call, or with `adapterNames`, one for each prompt.
   * @see {@link generation.generate}
   */
  get generate(): M extends {
    generate: infer Generate
  }
    ? WithRows<Generate>
    : never
  /** Continues prompts, token by token, with the active adapters of the moment of the call, or with `adapterNames`, one for each prompt. */
  get stream(): M extends {
    stream: infer Stream
  }
    ? StreamWithRows<Stream>
    : never
  private ofView
  /**
   * A view of the base model in which these adapters act: it shares all modules and tensors, and costs one object. Calls of views may be mixed in any order;
   * `'__base__'`, or an empty list, is the base alone.
   */
  withAdapter(names: string | readonly string[]): M
  /**
   * A view of the base model in which each row of a batch has its own adapter, in forward, generation and training: `names[b]` acts in row b, and
   * `'__base__'`, or `'base'`, is the base alone. The base is computed once for all rows. A call must have as many rows as there are names; gradients reach the
   * adapters that are named, and no other.
   */
  withAdapters(names: readonly string[]): M
  /** Sets which adapters act in calls of this object, and trains them alone. Several add their updates. */
  setAdapter(names: string | readonly string[]): void
  /** Calls a function in which no adapter acts, at once, and returns what it returns. For asynchronous work there is `withAdapter('__base__')`. */
  disableAdapter<T>(run: () => T): T
  /** Adds a fresh adapter. It neither acts nor trains until {@link setAdapter} or a view names it. */
  addAdapter(adapterName: string, config?: LoraConfig): void
  /** Adds an adapter in any form that {@link fromPretrained} reads. @returns its name */
  loadAdapter(dirOrHubId: string, options: LoadAdapterOptions): Promise<string>
  /**
   * Adds an adapter that is the weighted sum of others, negative weights allowed. As {@link addAdapter}, it neither acts nor trains until it is named.
   * @example
   * model.addWeightedAdapter(['sql', 'poems'], [0.7, 0.3], 'both', { combinationType: 'cat' })
   * @see peft `add_weighted_adapter`
   */
  addWeightedAdapter(
    adapters: readonly string[],
    weights: readonly number[],
    adapterName: string,
    options?: WeightedAdapterOptions,
  ): void
  /** Takes an adapter out and releases its memory. If it was active, what is left of the active ones stays so. */
  deleteAdapter(adapterName: string): void
  /** Writes adapters in PEFT's form: `default` into the folder itself, each other into a folder of its name. @param names all of them, unless given */
  savePretrained(dir: string, names?: string | readonly string[], options?: SavePretrainedOptions): Promise<void>
  /**
   * Writes an adapter to a GGUF file, which llama.cpp and what is built on it load beside the GGUF file of the base. The file has the values of the moment of the call.
   * @example
   * await model.saveGguf('adapter.gguf', { adapterName: 'ann', dtype: 'f16' })
   * @returns what the file holds with other numbers; an empty list where it is exact
   * @throws {UnsupportedError} for what the format has no place for: DoRA, biases, modules that are trained as a whole.
   */
  saveGguf(path: string, options?: SaveAdapterGgufOptions): Promise<ConversionLoss[]>
  /**
   * Makes calls with these adapters use merged weights, one copy of each adapted weight, at once; the base is not changed. Calls of views with other adapters are
   * computed unmerged. The copies are checked for NaN and infinity: then the call is rejected, and what was merged before is so again.
   * @param options names of adapters, in place of the active ones, or options
   * @example
   * const { maxLogitChange, rounding } = await model.mergeAdapter({ probe: [[1, 2, 3]] })
   * @returns what merging costs
   */
  mergeAdapter(options?: string | readonly string[] | MergeOptions): Promise<MergeReport>
  /** Releases merged weights. */
  unmergeAdapter(): void
  /** Replaces all layers with adapters by plain ones that hold the merged weights of the active adapters, and returns the model. */
  mergeAndUnload(): M
  /** Takes all adapters out, and returns the base model as it was. */
  unload(): M
  /** What the adapters are at the moment, of the model and layer by layer. @see peft `get_model_status`, `get_layer_status` */
  status(): ModelStatus
  /** Takes {@link scaleAdapter} back. */
  unscaleAdapter(adapterName: string): void
  /** Multiplies the updates of an adapter by a factor, e.g. 0.5 for half its effect. It does not add up: 1 is the adapter as it was trained. */
  scaleAdapter(adapterName: string, factor: number): void
  /** The parameters that train: those of the active adapters. */
  trainableParameters(): Tensor[]
  /** How many numbers train, of how many. */
  trainableCount(): TrainableCount
  /** Prints {@link trainableCount} in PEFT's words. */
  printTrainableParameters(): void
  private add
  private form
  private drop
  private checkNames
}
/** A {@link PeftModel} whose `forward` has all forms of that of its model, such as the one with labels. */
export type Adapted<M extends Module> = {
  forward: WithRows<M['forward']>
} & PeftModel<M>
/** A function that yields tokens, whose options may name an adapter for each row. */
export type StreamWithRows<F> = F extends (input: infer I, options?: infer O) => infer R
  ? (input: I, options?: O & Partial<RowOptions>) => R
  : F
/** Adds a fresh adapter to a model. The model's own layers are replaced, and keep their weights. @see peft.get_peft_model */
export declare function getPeftModel<M extends Module>(model: M, config: LoraConfig, adapterName?: string): Adapted<M>
/** What {@link getPeftModel} would adapt, with the sizes; the model is not changed. */
export declare function inspectTargets(model: Module, config: LoraConfig): TargetReport[]
