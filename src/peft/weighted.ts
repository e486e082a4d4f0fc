// A new adapter from the weighted sum of others (PEFT's add_weighted_adapter).
import { UnsupportedError } from '../errors.js'
import { Conv1d, Conv2d, Conv3d } from '../lora/conv.js'
import { groupedKernels } from '../lora/layer-errors.js'
import type { LoraLayer } from '../lora/lora-layer.js'
import { isLoraLayer } from '../lora/lora-layer.js'
import { changesBase } from '../lora/starts.js'
import type { Module } from '../nn/module.js'
import { bad, checkChoice, checkInteger, checkNumber } from '../runtime/options.js'
import { cat } from '../tensor/make.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { parts } from './apply.js'
import { nearestOfProducts, nearestProduct, padded, weightedSum } from './combine.js'
import type { CombinationType, MajoritySignMethod, Product } from './combine.js'
import type { FullConfig } from './config.js'
import { SavedModule } from './saved-module.js'

/** Options of {@link PeftModel.addWeightedAdapter}. */
export interface WeightedAdapterOptions {
  /**
   * How the adapters are combined. `linear`, `ties`, `dare_linear`, `dare_ties` and `magnitude_prune` combine the factors, which must have one rank; `cat` puts them side by side, so
   * that the ranks add up and the sum is exact; the others combine the updates and keep the nearest of a rank.
   * @default 'svd', and 'linear' for one adapter
   */
  combinationType?: CombinationType
  /** The rank of the new adapter, for the forms with an SVD. @integer @minimum 1 @default the largest of the ranks */
  svdRank?: number
  /** A quantile of the values of the new factors, beyond which these are cut off, for the forms with an SVD. @minimum 0 @maximum 1 @default none */
  svdClamp?: number
  /** Read for PEFT's sake: the vectors that it adds are never used. @default true */
  svdFullMatrices?: boolean
  /** The share of the values that is kept, for `ties`, `dare_…` and `magnitude_prune` and their forms with an SVD, which need it. @minimum 0 @maximum 1 @default none */
  density?: number
  /** Whose sign wins in `ties`: that of the sum, or of most adapters. @default 'total' */
  majoritySignMethod?: MajoritySignMethod
}

const OWNER = 'PeftModel.addWeightedAdapter'
const TYPES: readonly CombinationType[] = [
  ...(['linear', 'cat', 'svd', 'ties', 'ties_svd', 'dare_linear', 'dare_ties'] as const),
  ...(['dare_linear_svd', 'dare_ties_svd', 'magnitude_prune', 'magnitude_prune_svd'] as const),
]

/** A checked call. */
export interface Combination {
  readonly type: CombinationType
  readonly adapters: readonly string[]
  readonly weights: readonly number[]
  /** The rank of the new adapter. */
  readonly rank: number
  readonly options: WeightedAdapterOptions
}

/** Checks a call, and makes the configuration of the new adapter. Nothing is changed. */
export function planCombination(
  model: Module,
  configs: ReadonlyMap<string, FullConfig>,
  adapters: readonly string[],
  weights: readonly number[],
  options: WeightedAdapterOptions,
): { plan: Combination; config: FullConfig } {
  if (adapters.length === 0) throw bad(OWNER, 'adapters', 'the name of at least one adapter', adapters)
  if (!Array.isArray(weights) || weights.length !== adapters.length)
    throw bad(OWNER, 'weights', `a list of ${adapters.length} numbers, one for each adapter`, weights)
  for (const weight of weights) checkNumber(OWNER, 'weights', weight)
  const type = checkChoice(
    OWNER,
    'combinationType',
    options.combinationType ?? (adapters.length === 1 ? 'linear' : 'svd'),
    TYPES,
  )
  checkFit(type, options)
  const own = adapters.map((name) => configs.get(name)!)
  for (const [i, config] of own.entries()) checkSummable(adapters[i]!, config)
  const layers = layersOf(model, adapters)
  const grouped = layers.find(([, layer]) =>
    layer instanceof Conv1d || layer instanceof Conv2d || layer instanceof Conv3d ? layer.geometry.groups > 1 : false,
  )
  if (grouped) throw groupedKernels(grouped[1].constructor.name, 'a weighted sum')
  const rank = rankOf(type, layers, adapters, options)
  const saved = savedOf(model, adapters)
  const config: FullConfig = {
    ...own[0]!,
    ...targetsOf(own, layers),
    r: rank,
    loraAlpha: rank,
    useRslora: false,
    rankPattern: {},
    alphaPattern: {},
    initLoraWeights: true,
    modulesToSave: saved.length === 0 ? null : saved,
  }
  return { plan: { type, adapters, weights, rank, options }, config }
}

/** Gives the new adapter, which has been added for its configuration, the sum of the others. */
export function fillCombination(model: Module, name: string, plan: Combination): void {
  noGrad(() => {
    for (const [, layer] of layersOf(model, plan.adapters)) {
      const target = layer.adapters.get(name)!
      const { a, b } = combined(layer, plan)
      target.lora_A.copy_(padded(a, 0, plan.rank).reshape(target.lora_A.shape))
      target.lora_B.copy_(padded(b, 1, plan.rank).reshape(target.lora_B.shape))
    }
    for (const [, part] of parts(model)) {
      if (!(part instanceof SavedModule)) continue
      const owner = plan.adapters.find((each) => part.modules_to_save.has(each))
      const own = new Map(owner === undefined ? [] : part.ownOf(owner))
      for (const [key, tensor] of part.ownOf(name)) tensor.copy_(own.get(key)!)
    }
  })
}

/** The factors of a layer. */
function combined(layer: LoraLayer, { type, adapters, weights, rank, options }: Combination): Product {
  const { svdClamp: clamp = null, density = 1, majoritySignMethod = 'total' } = options
  const own = adapters.flatMap((name, i) => {
    const adapter = layer.adapters.get(name)
    return adapter
      ? [
          {
            weight: weights[i]! * adapter.scaling,
            plain: weights[i]!,
            adapter,
            ...matrices(adapter.lora_A, adapter.lora_B),
          },
        ]
      : []
  })
  const [as, bs, scaled] = [own.map(({ a }) => a), own.map(({ b }) => b), own.map(({ weight }) => weight)]
  if (type === 'cat') return { a: cat(own.map(({ a, weight }) => a.mul(weight))), b: cat(bs, 1) }
  if (type.endsWith('svd')) {
    if (type === 'svd')
      return nearestOfProducts(
        own.map(({ a, b, weight }) => ({ a, b: b.mul(weight) })),
        rank,
        clamp,
      )
    const sum = type.slice(0, -'_svd'.length) as Parameters<typeof weightedSum>[0]
    const updates = own.map(({ a, b, adapter }) => b.mul(adapter.scaling).matmul(a))
    return nearestProduct(
      weightedSum(
        sum,
        updates,
        own.map(({ plain }) => plain),
        { density, majoritySignMethod },
      ),
      rank,
      clamp,
    )
  }
  const root = scaled.map((weight) => Math.sqrt(Math.abs(weight)))
  const signed = root.map((value, i) => (scaled[i]! < 0 ? -value : value))
  const sum = type as Parameters<typeof weightedSum>[0]
  const election = { density, majoritySignMethod }
  return { a: weightedSum(sum, as, signed, election), b: weightedSum(sum, bs, root, election) }
}

/** The factors as matrices, those of a convolution too. */
const matrices = (a: Tensor, b: Tensor): Product => ({
  a: a.reshape([a.shape[0]!, -1]),
  b: b.reshape([b.shape[0]!, -1]),
})

/** The layers that have any of the adapters. */
function layersOf(model: Module, names: readonly string[]): [path: string, layer: LoraLayer][] {
  return [...parts(model)].flatMap(([path, part]) =>
    isLoraLayer(part) && names.some((name) => part.adapters.has(name)) ? [[path, part]] : [],
  )
}

/** Options that the type has no use for are no options of the call. */
function checkFit(type: CombinationType, options: WeightedAdapterOptions): void {
  for (const option of ['svdRank', 'svdClamp'] as const)
    if (options[option] !== undefined && !type.endsWith('svd'))
      throw bad(OWNER, option, `left out with ${type}: there is no SVD`, options[option])
  const prunes = /^(?:ties|dare|magnitude)/.test(type)
  if (!prunes && options.density !== undefined)
    throw bad(OWNER, 'density', `left out with ${type}: nothing is pruned`, options.density)
  if (prunes && options.density === undefined)
    throw bad(OWNER, 'density', `a number from 0 to 1: ${type} prunes`, undefined)
  if (type.startsWith('dare') && options.density === 0)
    throw bad(OWNER, 'density', 'above 0: what is left is divided by it', options.density)
  if (!type.includes('ties') && options.majoritySignMethod !== undefined)
    throw bad(OWNER, 'majoritySignMethod', `left out with ${type}: no sign is elected`, options.majoritySignMethod)
}

/** What an adapter has besides its factors would be lost. */
function checkSummable(name: string, config: FullConfig): void {
  const reasons: readonly (readonly [has: boolean, what: string])[] = [
    [config.useDora, 'DoRA, whose norms do not add up'],
    [config.loraBias, 'biases of its second factors'],
    [config.bias !== 'none', 'biases'],
    [config.trainableTokenIndices !== null, 'rows of an embedding'],
    [changesBase(config.initLoraWeights), `the start ${config.initLoraWeights}, which it is the difference to`],
  ]
  const found = reasons.find(([has]) => has)
  if (found === undefined) return
  throw new UnsupportedError({
    what: `${OWNER}: ${name} is more than its factors`,
    expected: 'adapters of factors, and of modules that only one of them saves',
    received: `an adapter with ${found[1]}`,
    fix: 'merge it into the base, or leave it out; one with such a start becomes plain when it is saved and loaded',
  })
}

function rankOf(
  type: CombinationType,
  layers: readonly [string, LoraLayer][],
  adapters: readonly string[],
  { svdRank }: WeightedAdapterOptions,
): number {
  const ranks = layers.map(([, layer]) => adapters.flatMap((name) => layer.adapters.get(name)?.r ?? []))
  if (type === 'cat') return Math.max(...ranks.map((own) => own.reduce((sum, r) => sum + r, 0)))
  const largest = Math.max(...ranks.flat())
  if (type.endsWith('svd')) {
    const rank = svdRank === undefined ? largest : checkInteger(OWNER, 'svdRank', svdRank, 1)
    const narrow = layers.find(([, layer]) => smallerSide(layer, adapters) < rank)
    if (narrow === undefined) return rank
    throw bad(OWNER, 'svdRank', `at most ${smallerSide(narrow[1], adapters)}, the smaller side of ${narrow[0]}`, rank)
  }
  const odd = layers.find((_, i) => new Set(ranks[i]).size > 1)
  if (odd === undefined) return largest
  throw bad(
    OWNER,
    'combinationType',
    'cat, or a form with svd: the ranks differ',
    type,
    `at ${odd[0]}: ranks ${ranks[layers.indexOf(odd)]!.join(', ')}`,
  )
}

function smallerSide(layer: LoraLayer, adapters: readonly string[]): number {
  const { lora_A, lora_B } = adapters.map((name) => layer.adapters.get(name)).find((each) => each !== undefined)!
  return Math.min(lora_B.shape[0]!, lora_A.numel / lora_A.shape[0]!)
}

/** The targets of the new adapter: those of one or the other, where these can be told as names or expressions; else the names of all layers. */
function targetsOf(
  configs: readonly FullConfig[],
  layers: readonly [string, LoraLayer][],
): Pick<FullConfig, 'targetModules' | 'excludeModules' | 'layersToTransform' | 'layersPattern'> {
  const keyOf = ({ targetModules, excludeModules, layersToTransform, layersPattern }: FullConfig) =>
    JSON.stringify([targetModules, excludeModules, layersToTransform, layersPattern])
  const [first] = configs as [FullConfig]
  const { targetModules, excludeModules, layersToTransform, layersPattern } = first
  if (configs.every((config) => keyOf(config) === keyOf(first)))
    return { targetModules, excludeModules, layersToTransform, layersPattern }
  const isPlain = configs.every(
    (config) => Array.isArray(config.targetModules) && !config.excludeModules && config.layersToTransform === null,
  )
  const names = isPlain
    ? configs.flatMap((config) => config.targetModules as readonly string[])
    : layers.map(([path]) => path)
  return { targetModules: [...new Set(names)], excludeModules: null, layersToTransform: null, layersPattern: null }
}

/** The modules that one of the adapters saves. @throws {UnsupportedError} for one that several save: their sum has no meaning */
function savedOf(model: Module, adapters: readonly string[]): string[] {
  return [...parts(model)].flatMap(([path, part]) => {
    if (!(part instanceof SavedModule)) return []
    const owners = adapters.filter((name) => part.modules_to_save.has(name))
    if (owners.length <= 1) return owners.map(() => path)
    throw new UnsupportedError({
      what: `${OWNER}: ${owners.join(' and ')} both save ${path} as a whole`,
      expected: 'a module that at most one of the adapters saves',
      received: `modulesToSave with ${path} in ${owners.length} of them`,
      fix: 'leave all but one of them out',
    })
  })
}
