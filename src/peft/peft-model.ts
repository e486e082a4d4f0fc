import { KeyError, OptionError, UnsupportedError } from '../errors.js'
import { join } from 'node:path'
import type { HubOptions } from '../hub/options.js'
import { deleted, withAdapters } from '../lora/active.js'
import { Embedding } from '../lora/embedding.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { mergeAndUnload } from '../lora/merge.js'
import { replaceModules } from '../lora/replace.js'
import { Embedding as PlainEmbedding } from '../nn/embedding.js'
import { Module } from '../nn/module.js'
import { checkOptions, pickOptions } from '../runtime/check-options.js'
import { bad, checkNumber, nearest } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { adapterParameters, applyAdapter, parts, removeAdapter, trainAdapters } from './apply.js'
import { checkRanks, completeConfig, scalingOf } from './config.js'
import type { FullConfig, LoraConfig, TaskType } from './config.js'
import { mergeChecked } from './merging.js'
import type { MergeOptions, MergeReport } from './merging.js'
import { statusOf } from './status.js'
import type { ModelStatus } from './status.js'
import { fillAdapter, peftForm, writePeft } from './files.js'
import { rowView, takeNames } from './row-view.js'
import type { RowOptions, WithRows } from './row-view.js'
import { TiedTokenRows } from './saved-module.js'
import type { LoralibFacts } from './loralib-file.js'
import { formWithDtype } from './adapter-form.js'
import type { AdapterForm } from './adapter-form.js'
import { writeGgufAdapter } from './gguf.js'
import type { BaseConfig } from './gguf.js'
import { readAdapter } from './read-adapter.js'
import { targetModules } from './targets.js'
import { fillCombination, planCombination } from './weighted.js'
import type { WeightedAdapterOptions } from './weighted.js'
import { keep, noGrad } from '../tensor/scope.js'
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

const BASE = '__base__'

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
export class PeftModel<M extends Module = Module> extends Module {
  readonly base_model: M
  private readonly configs = new Map<string, FullConfig>()
  private active: readonly string[] = []
  private isDisabled = false

  /** @param config that of the first adapter; null for none yet */
  constructor(model: M, config: LoraConfig | null = {}, adapterName = 'default') {
    super()
    if (model instanceof PeftModel) throw twice()
    this.base_model = model
    this.training = model.training
    if (config === null) return
    this.addAdapter(adapterName, config)
    this.setAdapter(adapterName)
  }

  /**
   * A model with the adapter of a folder of PEFT or mlx-lm, of a hub repository, of a GGUF file, or of a file of loralib's factors; its content says which. It does
   * not train unless `isTrainable`; the model keeps its mode.
   */
  static async fromPretrained<M extends Module>(
    model: M,
    dirOrHubId: string,
    options: LoadAdapterOptions = {},
  ): Promise<Adapted<M>> {
    checkOptions('PeftModel.fromPretrained', options, schemas.LoadAdapterOptions)
    const peft = new PeftModel(model, null)
    peft.active = [await peft.loadAdapter(dirOrHubId, options)]
    return peft as Adapted<M>
  }

  /** The configurations of the adapters, by name. */
  get peftConfig(): ReadonlyMap<string, Readonly<FullConfig>> {
    return this.configs
  }

  /** The names of the adapters that act in calls of this object. */
  get activeAdapters(): readonly string[] {
    return this.active
  }

  /** Calls the model with the active adapters, or with one for each row of the batch: `forward(x, { adapterNames })`. */
  override forward(...args: Parameters<M['forward']>): ReturnType<M['forward']> {
    const named = takeNames(args)
    if (named !== null) {
      const view = this.withAdapters(named.names as readonly string[])
      return view.forward(...(named.rest as Parameters<M['forward']>)) as ReturnType<M['forward']>
    }
    return withAdapters(this.active, () => this.base_model.forward(...args) as ReturnType<M['forward']>)
  }

  /**
   * Continues prompts, with the active adapters of the moment of the call, or with `adapterNames`, one for each prompt.
   * @see {@link generation.generate}
   */
  get generate(): M extends { generate: infer Generate } ? WithRows<Generate> : never {
    return this.ofView('generate') as M extends { generate: infer Generate } ? WithRows<Generate> : never
  }

  /** Continues prompts, token by token, with the active adapters of the moment of the call, or with `adapterNames`, one for each prompt. */
  get stream(): M extends { stream: infer Stream } ? StreamWithRows<Stream> : never {
    return this.ofView('stream') as M extends { stream: infer Stream } ? StreamWithRows<Stream> : never
  }

  private ofView(method: string): unknown {
    type Methods = Record<string, (...args: unknown[]) => unknown>
    const view = this.withAdapter(this.active) as unknown as Methods
    if (typeof view[method] === 'function')
      return (...args: unknown[]) => {
        const named = takeNames(args)
        if (named === null) return view[method]!(...args)
        return (this.withAdapters(named.names as readonly string[]) as unknown as Methods)[method]!(...named.rest)
      }
    throw new UnsupportedError({
      what: `${this.base_model.constructor.name} has no ${method}`,
      expected: 'a language model',
      received: this.base_model.constructor.name,
      fix: 'call forward',
    })
  }

  /**
   * A view of the base model in which these adapters act: it shares all modules and tensors, and costs one object. Calls of views may be mixed in any order;
   * `'__base__'`, or an empty list, is the base alone.
   */
  withAdapter(names: string | readonly string[]): M {
    const wanted = this.checkNames('PeftModel.withAdapter', names)
    const model = this.base_model
    const has = (name: string) => this.configs.has(name)
    const forward = (...args: unknown[]) => {
      const gone = wanted.find((name) => !has(name))
      if (gone !== undefined) throw deleted(gone)
      return withAdapters(wanted, () => model.forward(...args), has)
    }
    return new Proxy(model, {
      get: (target, key, receiver) => (key === 'forward' ? forward : Reflect.get(target, key, receiver)),
    })
  }

  /**
   * A view of the base model in which each row of a batch has its own adapter, in forward, generation and training: `names[b]` acts in row b, and
   * `'__base__'`, or `'base'`, is the base alone. The base is computed once for all rows. A call must have as many rows as there are names; gradients reach the
   * adapters that are named, and no other.
   */
  withAdapters(names: readonly string[]): M {
    const owner = 'PeftModel.withAdapters'
    if (!Array.isArray(names) || names.length === 0)
      throw bad(owner, 'names', 'the name of an adapter for each row of the batch', names)
    const isBase = (name: string) => name === BASE || (name === 'base' && !this.configs.has(name))
    this.checkNames(owner, names.filter((name) => !isBase(name))) // prettier-ignore
    const rows = names.map((name) => (isBase(name) ? null : name))
    return rowView(this.base_model, rows, (name) => this.configs.has(name))
  }

  /** Sets which adapters act in calls of this object, and trains them alone. Several add their updates. */
  setAdapter(names: string | readonly string[]): void {
    this.active = this.checkNames('PeftModel.setAdapter', names)
    trainAdapters(this.base_model, this.active)
  }

  /** Calls a function in which no adapter acts, at once, and returns what it returns. For asynchronous work there is `withAdapter('__base__')`. */
  disableAdapter<T>(run: () => T): T {
    const [before, wasDisabled] = [this.active, this.isDisabled]
    this.active = []
    this.isDisabled = true
    try {
      const result = run()
      if (result instanceof Promise) throw asynchronous()
      return result
    } finally {
      this.active = before
      this.isDisabled = wasDisabled
    }
  }

  /** Adds a fresh adapter. It neither acts nor trains until {@link setAdapter} or a view names it. */
  addAdapter(adapterName: string, config: LoraConfig = {}): void {
    const owner = 'PeftModel.addAdapter'
    checkOptions(owner, config, schemas.LoraConfig)
    this.add(owner, adapterName, withTask(this.base_model, completeConfig(owner, config)), true)
  }

  /** Adds an adapter in any form that {@link fromPretrained} reads. @returns its name */
  async loadAdapter(dirOrHubId: string, options: LoadAdapterOptions): Promise<string> {
    const owner = 'PeftModel.loadAdapter'
    checkOptions(owner, options, schemas.LoadAdapterOptions)
    const name = options.adapterName ?? 'default'
    const { config, dict } = await readAdapter(owner, dirOrHubId, {
      hub: pickOptions(options, schemas.HubOptions),
      loralib: options.loralib,
      ggufFile: options.ggufFile,
      isEmbedding: (path) => isEmbedding(this.base_model, path),
      base: baseConfig(this.base_model),
    })
    try {
      checkRanks(dirOrHubId, config, dict)
      this.add(owner, name, config, false)
      await fillAdapter(owner, this.base_model, name, config, dict).catch((error: unknown) => {
        this.drop(name)
        throw error
      })
    } finally {
      for (const tensor of Object.values(dict)) tensor.dispose()
    }
    if (options.isTrainable) for (const tensor of adapterParameters(this.base_model, name)) tensor.requiresGrad = true
    return name
  }

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
    options: WeightedAdapterOptions = {},
  ): void {
    const owner = 'PeftModel.addWeightedAdapter'
    checkOptions(owner, options, schemas.WeightedAdapterOptions)
    const names = this.checkNames(owner, adapters)
    const { plan, config } = planCombination(this.base_model, this.configs, names, weights, options)
    this.add(owner, adapterName, config, false)
    fillCombination(this.base_model, adapterName, plan)
  }

  /** Takes an adapter out and releases its memory. If it was active, what is left of the active ones stays so. */
  deleteAdapter(adapterName: string): void {
    this.checkNames('PeftModel.deleteAdapter', adapterName)
    this.drop(adapterName)
  }

  /** Writes adapters in PEFT's form: `default` into the folder itself, each other into a folder of its name. @param names all of them, unless given */
  async savePretrained(
    dir: string,
    names?: string | readonly string[],
    options: SavePretrainedOptions = {},
  ): Promise<void> {
    checkOptions('PeftModel.savePretrained', options, schemas.SavePretrainedOptions)
    const isPlain = options.convertToLora ?? true
    const wanted = names === undefined ? [...this.configs.keys()] : this.checkNames('PeftModel.savePretrained', names)
    for (const name of wanted) if (!isPlain) checkStartIsKnown(name, this.configs.get(name)!)
    for (const name of wanted) {
      await writePeft(name === 'default' ? dir : join(dir, name), this.form(name, isPlain))
    }
  }

  /**
   * Writes an adapter to a GGUF file, which llama.cpp and what is built on it load beside the GGUF file of the base. The file has the values of the moment of the call.
   * @example
   * await model.saveGguf('adapter.gguf', { adapterName: 'ann', dtype: 'f16' })
   * @returns what the file holds with other numbers; an empty list where it is exact
   * @throws {UnsupportedError} for what the format has no place for: DoRA, biases, modules that are trained as a whole.
   */
  async saveGguf(path: string, options: SaveAdapterGgufOptions = {}): Promise<ConversionLoss[]> {
    const owner = 'PeftModel.saveGguf'
    checkOptions(owner, options, schemas.SaveAdapterGgufOptions)
    if (typeof path !== 'string' || path === '') throw bad(owner, 'path', 'the path of a file', path)
    const { adapterName = this.active[0] ?? 'default', dtype } = options
    this.checkNames(owner, adapterName)
    const base = baseConfig(this.base_model)
    if (base === null) throw noConfig(owner, this.base_model)
    const { config, dict } = this.form(adapterName)
    const copies = Object.entries(dict).map(([key, tensor]) => [key, noGrad(() => keep(tensor.clone()))] as const)
    const own = { config, dict: Object.fromEntries(copies) }
    const { form, losses } = await formWithDtype(own, dtype)
    try {
      return [...losses, ...(await writeGgufAdapter(owner, path, form, base))]
    } finally {
      for (const tensor of new Set([...Object.values(own.dict), ...Object.values(form.dict)])) tensor.dispose()
    }
  }

  /**
   * Makes calls with these adapters use merged weights, one copy of each adapted weight, at once; the base is not changed. Calls of views with other adapters are
   * computed unmerged. The copies are checked for NaN and infinity: then the call is rejected, and what was merged before is so again.
   * @param options names of adapters, in place of the active ones, or options
   * @example
   * const { maxLogitChange, rounding } = await model.mergeAdapter({ probe: [[1, 2, 3]] })
   * @returns what merging costs
   */
  async mergeAdapter(options: string | readonly string[] | MergeOptions = {}): Promise<MergeReport> {
    const owner = 'PeftModel.mergeAdapter'
    const isNames = typeof options === 'string' || Array.isArray(options)
    const given = isNames ? { adapterNames: options as string | readonly string[] } : (options as MergeOptions)
    checkOptions(owner, given, schemas.MergeOptions)
    return mergeChecked(this.base_model, this.checkNames(owner, given.adapterNames ?? this.active), given)
  }

  /** Releases merged weights. */
  unmergeAdapter(): void {
    for (const [, part] of parts(this.base_model)) if (isLoraLayer(part)) part.unmerge()
  }

  /** Replaces all layers with adapters by plain ones that hold the merged weights of the active adapters, and returns the model. */
  mergeAndUnload(): M {
    withAdapters(this.active, () => {
      const plain = new Map<Module, Module>()
      const wholes = [...parts(this.base_model)].flatMap(([, part]) => (isLoraLayer(part) ? [] : [part]))
      const isTied = (part: Module) => part instanceof TiedTokenRows
      for (const part of [...wholes.filter((each) => !isTied(each)), ...wholes.filter(isTied)])
        plain.set(part, part.toPlain(plain))
      replaceModules(this.base_model, plain)
      mergeAndUnload(this.base_model)
    })
    this.active = []
    this.configs.clear()
    return this.base_model
  }

  /** Takes all adapters out, and returns the base model as it was. */
  unload(): M {
    for (const name of this.configs.keys()) this.drop(name)
    return this.base_model
  }

  /** What the adapters are at the moment, of the model and layer by layer. @see peft `get_model_status`, `get_layer_status` */
  status(): ModelStatus {
    return statusOf(this.base_model, [...this.configs.keys()], this.active, !this.isDisabled)
  }

  /** Takes {@link scaleAdapter} back. */
  unscaleAdapter(adapterName: string): void {
    this.scaleAdapter(adapterName, 1)
  }

  /** Multiplies the updates of an adapter by a factor, e.g. 0.5 for half its effect. It does not add up: 1 is the adapter as it was trained. */
  scaleAdapter(adapterName: string, factor: number): void {
    checkNumber('PeftModel.scaleAdapter', 'factor', factor)
    this.checkNames('PeftModel.scaleAdapter', adapterName)
    for (const [, part] of parts(this.base_model)) {
      const own = isLoraLayer(part) ? part.adapters.get(adapterName) : undefined
      if (own) own.scaling = factor * scalingOf(this.configs.get(adapterName)!, own.r, own.loraAlpha)
    }
  }

  /** The parameters that train: those of the active adapters. */
  trainableParameters(): Tensor[] {
    return this.parameters().filter((tensor) => tensor.requiresGrad)
  }

  /** How many numbers train, of how many. */
  trainableCount(): TrainableCount {
    const count = (tensors: readonly Tensor[]) => tensors.reduce((sum, { numel }) => sum + numel, 0)
    const [trainable, all] = [count(this.trainableParameters()), count(this.parameters())]
    return { trainable, all, percent: (100 * trainable) / all }
  }

  /** Prints {@link trainableCount} in PEFT's words. */
  printTrainableParameters(): void {
    const { trainable, all, percent } = this.trainableCount()
    const text = (n: number) => n.toLocaleString('en-US')
    // oxlint-disable-next-line no-console -- it is there to print
    console.log(`trainable params: ${text(trainable)} || all params: ${text(all)} || trainable%: ${percent.toFixed(4)}`)
  }

  private add(owner: string, name: string, config: FullConfig, isStrict: boolean): void {
    if (typeof name !== 'string' || !/^[^.\s/\\]+$/.test(name) || name === BASE)
      throw bad(owner, 'adapterName', 'a name without dots, slashes and spaces', name)
    if (this.configs.has(name))
      throw bad(owner, 'adapterName', 'a name that is not taken', name, 'call deleteAdapter first')
    // What trained goes on; the base, which may train before its first adapter, does not.
    const trained = new Set(this.configs.size === 0 ? [] : this.trainableParameters())
    applyAdapter(owner, this.base_model, name, config, isStrict)
    this.configs.set(name, config)
    for (const tensor of this.parameters()) tensor.requiresGrad = trained.has(tensor)
  }

  private form(name: string, isPlain = true): AdapterForm {
    return peftForm(this.base_model, name, this.configs.get(name)!, isPlain)
  }

  private drop(name: string): void {
    this.active = this.active.filter((each) => each !== name)
    this.configs.delete(name)
    removeAdapter(this.base_model, name)
  }

  private checkNames(owner: string, names: string | readonly string[]): readonly string[] {
    const list = [names].flat().filter((name) => name !== BASE)
    for (const name of list) {
      if (this.configs.has(name)) continue
      const known = [...this.configs.keys()]
      const near = nearest(name, known)
      throw new KeyError({
        what: `${owner}: the model has no adapter ${JSON.stringify(name)}`,
        expected: known.length > 0 ? `one of ${known.join(', ')}` : 'an adapter: the model has none',
        received: name,
        fix: near === undefined ? 'add it with addAdapter or loadAdapter' : `write '${near}'`,
      })
    }
    return list
  }
}

/** A {@link PeftModel} whose `forward` has all forms of that of its model, such as the one with labels. */
export type Adapted<M extends Module> = { forward: WithRows<M['forward']> } & PeftModel<M>

/** A function that yields tokens, whose options may name an adapter for each row. */
export type StreamWithRows<F> = F extends (input: infer I, options?: infer O) => infer R
  ? (input: I, options?: O & Partial<RowOptions>) => R
  : F

/** Adds a fresh adapter to a model. The model's own layers are replaced, and keep their weights. @see peft.get_peft_model */
export function getPeftModel<M extends Module>(model: M, config: LoraConfig, adapterName = 'default'): Adapted<M> {
  return new PeftModel(model, config, adapterName) as Adapted<M>
}

/** What {@link getPeftModel} would adapt, with the sizes; the model is not changed. */
export function inspectTargets(model: Module, config: LoraConfig): TargetReport[] {
  const owner = 'peft.inspectTargets'
  checkOptions(owner, config, schemas.LoraConfig)
  return targetModules(owner, model, withTask(model, completeConfig(owner, config)), true).map(
    ({ path, module, r, loraAlpha }) => {
      return { path, layer: module.constructor.name, r, loraAlpha, parameters: sizeOfFactors(module, r) }
    },
  )
}

/** Numbers in the factors: of a dense layer `r · (in + out)`; of a convolution A has all input channels, and B is grouped. */
function sizeOfFactors(module: Module, r: number): number {
  const { weight, geometry } = module as Module & { weight: Tensor; geometry?: { groups: number } }
  const [rows, groups] = [weight.shape[0]!, geometry?.groups ?? 1]
  return r * groups * (weight.numel / rows) + (r / groups) * rows
}

/** Configuration of the model; null for a module that is no model of the library. */
function baseConfig(model: Module): BaseConfig | null {
  const { config } = model as { config?: unknown }
  return typeof config === 'object' && config !== null && 'model_type' in config ? (config as BaseConfig) : null
}

function isEmbedding(model: Module, path: string): boolean {
  const found = new Map(model.namedModules()).get(path)
  return found instanceof Embedding || found instanceof PlainEmbedding
}

const TASKS: readonly (readonly [ending: RegExp, task: TaskType])[] = [
  [/ForSequenceClassification$/, 'SEQ_CLS'],
  [/ForTokenClassification$/, 'TOKEN_CLS'],
  [/ForCausalLM$|LMHeadModel$/, 'CAUSAL_LM'],
]

/** With the task of a model. A classifier's head is trained and saved with the adapter, as PEFT does: it starts with random numbers. */
function withTask(model: Module, config: FullConfig): FullConfig {
  const taskType = config.taskType ?? TASKS.find(([ending]) => ending.test(model.constructor.name))?.[1] ?? null
  if (taskType !== 'SEQ_CLS' && taskType !== 'TOKEN_CLS') return { ...config, taskType }
  const children = Array.from(model.namedChildren(), ([name]) => name)
  const heads = ['classifier', 'score'].filter((name) => children.includes(name))
  return { ...config, taskType, modulesToSave: [...new Set([...(config.modulesToSave ?? []), ...heads])] }
}

/** A random start is not found again. */
function checkStartIsKnown(name: string, { initLoraWeights: init }: FullConfig): void {
  if (typeof init !== 'string' || !init.startsWith('pissa_niter_')) return
  throw bad('PeftModel.savePretrained', 'convertToLora', `true: the start of ${name}, ${init}, is random`, false)
}

function noConfig(owner: string, model: Module): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: the base model has no configuration, so its architecture has no name`,
    expected: 'a language model of lora.models',
    received: model.constructor.name,
    fix: 'write the adapter with savePretrained',
  })
}

function twice(): OptionError {
  return new OptionError({
    what: 'getPeftModel: the model has adapters already',
    expected: 'a plain model',
    received: 'a PeftModel',
    fix: 'add another adapter with model.addAdapter(name, config)',
  })
}

function asynchronous(): OptionError {
  return new OptionError({
    what: 'PeftModel.disableAdapter: the function is asynchronous',
    expected: 'a synchronous function: other requests could run before it ends',
    received: 'a promise',
    fix: "use a view: const base = model.withAdapter('__base__'), then await base.generate(…)",
  })
}
