import { KeyError, OptionError, UnsupportedError } from '../errors.js'
import { join } from 'node:path'
import type { HubOptions } from '../hub/options.js'
import { withAdapters } from '../lora/active.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { mergeAndUnload } from '../lora/merge.js'
import { replaceModules } from '../lora/replace.js'
import { Module } from '../nn/module.js'
import { checkOptions, pickOptions } from '../runtime/check-options.js'
import { bad, nearest } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { adapterParameters, applyAdapter, parts, removeAdapter, trainAdapters } from './apply.js'
import { checkRanks, completeConfig, scalingOf } from './config.js'
import type { FullConfig, LoraConfig, TaskType } from './config.js'
import { fillAdapter, readAdapter, writeAdapter } from './files.js'
import { targetModules } from './targets.js'
import type { Tensor } from '../tensor/tensor.js'

/** Options of {@link PeftModel.fromPretrained} and {@link PeftModel.loadAdapter}. */
export interface LoadAdapterOptions extends HubOptions {
  /** The name of the adapter in the model. @minLength 1 @default 'default' */
  adapterName?: string
  /** Train it: its parameters get gradients. @default false */
  isTrainable?: boolean
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

  /** A model with the adapter of a folder, or of a hub repository, in PEFT's form. It does not train unless `isTrainable`; the model keeps its mode. */
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

  /** Calls the model with the active adapters. */
  override forward(...args: Parameters<M['forward']>): ReturnType<M['forward']> {
    return withAdapters(this.active, () => this.base_model.forward(...args) as ReturnType<M['forward']>)
  }

  /** Continues prompts, with the active adapters of the moment of the call. @see {@link generation.generate} */
  get generate(): M extends { generate: infer Generate } ? Generate : never {
    return this.ofView('generate') as M extends { generate: infer Generate } ? Generate : never
  }

  /** Continues prompts, token by token, with the active adapters of the moment of the call. */
  get stream(): M extends { stream: infer Stream } ? Stream : never {
    return this.ofView('stream') as M extends { stream: infer Stream } ? Stream : never
  }

  private ofView(method: string): unknown {
    const view = this.withAdapter(this.active) as unknown as Record<string, (...args: unknown[]) => unknown>
    const found = view[method]
    if (typeof found === 'function') return found.bind(view)
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
    const forward = (...args: unknown[]) => withAdapters(wanted, () => model.forward(...args))
    return new Proxy(model, {
      get: (target, key, receiver) => (key === 'forward' ? forward : Reflect.get(target, key, receiver)),
    })
  }

  /** Sets which adapters act in calls of this object, and trains them alone. Several add their updates. */
  setAdapter(names: string | readonly string[]): void {
    this.active = this.checkNames('PeftModel.setAdapter', names)
    trainAdapters(this.base_model, this.active)
  }

  /** Calls a function in which no adapter acts, at once, and returns what it returns. For asynchronous work there is `withAdapter('__base__')`. */
  disableAdapter<T>(run: () => T): T {
    const before = this.active
    this.active = []
    try {
      const result = run()
      if (result instanceof Promise) throw asynchronous()
      return result
    } finally {
      this.active = before
    }
  }

  /** Adds a fresh adapter. It neither acts nor trains until {@link setAdapter} or a view names it. */
  addAdapter(adapterName: string, config: LoraConfig = {}): void {
    const owner = 'PeftModel.addAdapter'
    checkOptions(owner, config, schemas.LoraConfig)
    this.add(owner, adapterName, withTask(this.base_model, completeConfig(owner, config)), true)
  }

  /** Adds the adapter of a folder, or of a hub repository, in PEFT's form. @returns its name */
  async loadAdapter(dirOrHubId: string, options: LoadAdapterOptions): Promise<string> {
    const owner = 'PeftModel.loadAdapter'
    checkOptions(owner, options, schemas.LoadAdapterOptions)
    const name = options.adapterName ?? 'default'
    const { config, dict } = await readAdapter(owner, dirOrHubId, pickOptions(options, schemas.HubOptions))
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

  /** Takes an adapter out and releases its memory. If it was active, what is left of the active ones stays so. */
  deleteAdapter(adapterName: string): void {
    this.checkNames('PeftModel.deleteAdapter', adapterName)
    this.drop(adapterName)
  }

  /** Writes adapters in PEFT's form: `default` into the folder itself, each other into a folder of its name. @param names all of them, unless given */
  async savePretrained(dir: string, names?: string | readonly string[]): Promise<void> {
    const wanted = names === undefined ? [...this.configs.keys()] : this.checkNames('PeftModel.savePretrained', names)
    for (const name of wanted) {
      await writeAdapter(name === 'default' ? dir : join(dir, name), this.base_model, name, this.configs.get(name)!)
    }
  }

  /**
   * Makes calls with these adapters use merged weights, one copy of each adapted weight; the base is not changed. Calls of views with other adapters are
   * computed unmerged. @param names the active ones, unless given
   */
  mergeAdapter(names: string | readonly string[] = this.active): void {
    const wanted = this.checkNames('PeftModel.mergeAdapter', names)
    withAdapters(wanted, () => {
      for (const [, part] of parts(this.base_model)) if (isLoraLayer(part)) part.merge()
    })
  }

  /** Releases merged weights. */
  unmergeAdapter(): void {
    for (const [, part] of parts(this.base_model)) if (isLoraLayer(part)) part.unmerge()
  }

  /** Replaces all layers with adapters by plain ones that hold the merged weights of the active adapters, and returns the model. */
  mergeAndUnload(): M {
    withAdapters(this.active, () => {
      const wholes = [...parts(this.base_model)].flatMap(([, part]) => (isLoraLayer(part) ? [] : [part]))
      replaceModules(this.base_model, new Map(wholes.map((part) => [part, part.toPlain()])))
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

  /** Multiplies the updates of an adapter by a factor, e.g. 0.5 for half its effect. It does not add up: 1 is the adapter as it was trained. */
  scaleAdapter(adapterName: string, factor: number): void {
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
export type Adapted<M extends Module> = Pick<M, 'forward'> & PeftModel<M>

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
      const [rows = 0, columns = 0] = (module as Module & { weight: { shape: readonly number[] } }).weight.shape
      return { path, layer: module.constructor.name, r, loraAlpha, parameters: r * (rows + columns) }
    },
  )
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
