// The weights of a model: fresh ones, or read from and written to a folder in the Hugging Face layout.
import { join } from 'node:path'
import { KeyError, OptionError } from '../../errors.js'
import { copyTokenizer } from '../../hub/copy.js'
import { saveShards, sizeInBytes } from '../../io/shards.js'
import { isLoraLayer } from '../../lora/lora-layer.js'
import { clearRow } from '../../nn/embedding.js'
import { constant_, normal_, truncNormal_ } from '../../nn/init.js'
import { asParameter, wideDtype } from '../../nn/linear.js'
import { convertModules, parameter } from '../../nn/module.js'
import type { Module } from '../../nn/module.js'
import { checkTensors } from '../../tensor/named-tensors.js'
import { checkOptions } from '../../runtime/check-options.js'
import { nearest, show } from '../../runtime/options.js'
import type { FloatDtype, WeightDtype } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { isBlocks, isFloat } from '../../tensor/dtype.js'
import { keep, noGrad } from '../../tensor/scope.js'
import { zeros } from '../../tensor/make.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { Generator } from '../../runtime/random.js'
import { makeFolderNow, writeText } from '../../io/write-text.js'
import { modelSource } from '../gguf/find.js'
import type { SourceOptions } from '../gguf/find.js'
import { readGgufModel } from '../gguf/read.js'
import { configText, withFloatsOf } from './config-text.js'
import { checkModelType } from './config.js'
import { checkSizes } from './config-sizes.js'
import { LONG_NAMES, readFolder } from './model-folder.js'

/**
 * Initialisation of a fresh parameter: N(0, std²), truncated to ±`cut`·std where that is given, with the row of the padding token at 0; or one value. A `wide`
 * parameter is f32 even in a bf16 or f16 model: it belongs to a head that is trained while the model is frozen. `shared` is the parameter that serves where a
 * file has none of this name.
 */
export type Init = ({ std: number; cut?: number; zeroRow?: number } | { value: number }) & {
  wide?: boolean
  shared?: Tensor
}

/** Returns a parameter of a model by its state-dict name. */
export type WeightSource = (name: string, shape: number[], init: Init) => Tensor

/** Options of models with fresh weights. */
export interface FreshOptions {
  /** Type of the weights; biases and norms are f32 in a bf16 or f16 model. @default 'f32' */
  dtype?: FloatDtype
  /** Draws the weights from this generator. @default the generator of the current stream */
  generator?: Generator
}

/** Options of `fromPretrained`; those of a download apply where the model is given as a hub id. */
export interface PretrainedOptions extends SourceOptions {
  /**
   * Convert the weights to this type; biases and norms are f32 in a bf16 or f16 model. With blocks (`'q8_0'`, `'q4_k'`, …) dense layers and embeddings are frozen
   * and rounded to them, as {@link Module.to} says: a quarter to a seventh of the memory. @default the type in the file; of weights of bitsandbytes, the one that
   * they were made from
   */
  dtype?: WeightDtype
  /**
   * Keep weights that need no conversion in the pages of the file, shared between models. Set it to false when the file will be
   * overwritten in place: what reads a mapped one is `ERR_LORA_FILE` then. @default true
   */
  mapped?: boolean
  /** Fields that replace those of `config.json`, e.g. `{ num_labels: 3, hidden_dropout_prob: 0 }`. @default none */
  config?: Readonly<Record<string, unknown>>
}

/** Options of `savePretrained`. */
export interface SaveOptions {
  /** Convert floating tensors to this type. @default each tensor's own type */
  dtype?: FloatDtype
  /**
   * The most bytes of a file, as a number or a text such as `'5GB'`: larger weights are cut into shards, `model-00001-of-00003.safetensors` and so on with
   * `model.safetensors.index.json`. @default '50GB'
   */
  maxShardSize?: number | string
  /** A folder whose tokenizer, chat template and settings of generation are copied beside the weights. @minLength 1 @default none */
  tokenizerFrom?: string
}

/** Fresh parameters. */
export function freshWeights(owner: string, options: FreshOptions): WeightSource {
  checkOptions(owner, options, schemas.FreshOptions)
  const { dtype = 'f32' } = options
  const draw = options.generator === undefined ? {} : { generator: options.generator }
  return (_, shape, init) => {
    const target = shape.length < 2 || init.wide ? wideDtype(dtype) : dtype
    let tensor = zeros(shape, { dtype: 'std' in init && init.cut !== undefined ? wideDtype(dtype) : target })
    if ('std' in init) {
      if (init.cut === undefined) normal_(tensor, 0, init.std, draw)
      else tensor = cutNormal(tensor, init.std, init.cut, target, draw)
      if (init.zeroRow !== undefined) noGrad(() => clearRow(tensor, init.zeroRow!))
    } else if (init.value !== 0) constant_(tensor, init.value)
    return parameter(tensor)
  }
}

/** N(0, std²) truncated to ±cut·std, drawn in f32 or f64 and rounded once. */
function cutNormal(wide: Tensor, std: number, cut: number, dtype: FloatDtype, draw: { generator?: Generator }): Tensor {
  truncNormal_(wide, 0, std, -cut * std, cut * std, draw)
  if (wide.dtype === dtype) return wide
  const tensor = noGrad(() => wide.to(dtype))
  wide.dispose()
  return tensor
}

/** The weights of a checkpoint, returned one by one. */
export interface CheckpointWeights {
  take: WeightSource
  /** Throws one error for all missing, misshapen and unexpected tensors; warns about heads that the file lacks. */
  close(options: { ignore: readonly string[] }): void
}

/**
 * Reads the configuration and the weights of a model folder, or of a hub id, which is downloaded first. Of the `heads`, which are paths of modules, those
 * without any tensor in the file start with fresh weights.
 * @throws {OptionError} when its architecture is not among `known`.
 * @throws {FileError} when a file is missing.
 */
export async function readWeights(
  dirOrHubId: string,
  known: readonly string[],
  nameOf: (name: string) => string | null,
  options: PretrainedOptions,
  heads: readonly string[] = [],
): Promise<{ config: Record<string, unknown>; weights: CheckpointWeights }> {
  checkOptions('fromPretrained', options, schemas.PretrainedOptions)
  const { mapped = true } = options
  const dtype = floatDtypeOf(options)
  const source = await modelSource('fromPretrained', dirOrHubId, options)
  const { path } = source
  const { config, dict } = source.isGguf ? await readGgufModel(path, mapped) : await readFolder(path, { mapped, dtype })
  checkModelType(config, known, path)
  const tensors = new Map<string, Tensor>()
  checkTensors(path, dict)
  const complete = withFloatsOf({ ...config, ...options.config }, config)
  checkSizes(path, complete, dict)
  for (const [name, tensor] of Object.entries(dict)) {
    const ours = nameOf(name)
    if (ours === null) tensor.dispose()
    else tensors.set(ours, tensor)
  }
  const lacking = heads.filter((head) => ![...tensors.keys()].some((name) => name.startsWith(`${head}.`)))
  return { config: complete, weights: checkpointWeights(path, tensors, dtype, lacking) }
}

/** The dtype of floats that weights are read in: blocks are made of them when the model is complete. */
function floatDtypeOf({ dtype }: PretrainedOptions): FloatDtype | undefined {
  return dtype === undefined || isBlocks(dtype) ? undefined : dtype
}

/** A model with its weights, in evaluation mode, as in transformers; in blocks where the options say so, but for the `heads`, which are to be trained. */
export function readyModel<M extends Module>(model: M, { dtype }: PretrainedOptions, heads: readonly string[] = []): M {
  if (dtype !== undefined && isBlocks(dtype)) {
    const isOfHead = (path: string) => heads.some((head) => path === head || path.startsWith(`${head}.`))
    const modules = [...model.namedModules()].filter(([path, child]) => child.blockKeys().length > 0 && !isOfHead(path))
    for (const [, child] of modules) child.requiresGrad_(false)
    convertModules(modules, dtype)
  }
  return model.eval()
}

/**
 * Writes `model.safetensors` or its shards, and `config.json` last.
 * @throws {OptionError} for a model with LoRA layers, whose factors do not belong in such a folder.
 */
export async function savePretrained(
  model: Module,
  dir: string,
  { leaveOut, config, ...options }: SaveOptions & { leaveOut: readonly string[]; config: object },
): Promise<void> {
  checkOptions('savePretrained', options, schemas.SaveOptions)
  checkWithoutAdapters('savePretrained', model)
  const { dtype, maxShardSize, tokenizerFrom } = options
  const maxBytes = sizeInBytes('savePretrained', 'maxShardSize', maxShardSize)
  const entries = Object.entries(model.stateDict()).filter(([name]) => !leaveOut.includes(name))
  const tensors = noGrad(() => entries.map(([name, tensor]) => [name, convert(tensor, dtype)] as const))
  makeFolderNow(dir)
  const path = join(dir, 'model.safetensors')
  await saveShards(path, Object.fromEntries(tensors), { maxBytes, metadata: { format: 'pt' } })
  if (tokenizerFrom !== undefined) await copyTokenizer(tokenizerFrom, dir)
  const written = { ...config, ...(dtype && { dtype: LONG_NAMES[dtype] }) }
  await writeText(join(dir, 'config.json'), configText(written, (model as { config?: object }).config ?? config))
}

/** Values of all placeholders. */
const MOST_PLACEHOLDERS = 8_000_000

function checkpointWeights(
  dir: string,
  tensors: Map<string, Tensor>,
  dtype: FloatDtype | undefined,
  lacking: readonly string[],
): CheckpointWeights {
  const [missing, misshapen] = [[] as string[], [] as string[]]
  const left = new Map(tensors)
  let placeholders = 0
  const isDouble = [...tensors.values()].some((tensor) => tensor.dtype === 'f64')
  const fresh = freshWeights('fromPretrained', { dtype: dtype ?? (isDouble ? 'f64' : 'f32') })
  return {
    take(name, shape, init) {
      const tensor = tensors.get(name)
      left.delete(name)
      if (lacking.some((head) => name.startsWith(`${head}.`))) return fresh(name, shape, init)
      if (tensor === undefined && init.shared !== undefined) return init.shared
      if (tensor === undefined) missing.push(name)
      else if (tensor.shape.join() !== shape.join()) misshapen.push(`${name} ${show(tensor)} for (${shape.join(', ')})`)
      else return asParameter(keep(placed(tensor, dtype, init.wide)))
      // A placeholder until close() reports all problems. A configuration of another model may ask for more than there is memory.
      placeholders += shape.reduce((n, size) => n * size, 1)
      if (placeholders > MOST_PLACEHOLDERS) throw unfit(dir, missing, misshapen, [])
      return parameter(zeros(shape))
    },
    close({ ignore }) {
      for (const name of ignore) {
        left.get(name)?.dispose()
        left.delete(name)
      }
      const unexpected = [...left.keys()]
      if (missing.length + misshapen.length + unexpected.length > 0) throw unfit(dir, missing, misshapen, unexpected)
      if (lacking.length > 0) warnOfFresh(dir, lacking)
    },
  }
}

// Vectors (biases, norms) are widened: they are small, and the kernels read them in f32.
function placed(tensor: Tensor, dtype: FloatDtype | undefined, wide = false): Tensor {
  const wanted = dtype ?? tensor.dtype
  const target = tensor.shape.length < 2 || wide ? wideDtype(wanted) : wanted
  if (tensor.dtype === target) return tensor
  const converted = noGrad(() => tensor.to(target))
  tensor.dispose()
  return converted
}

function convert(tensor: Tensor, dtype: FloatDtype | undefined): Tensor {
  return dtype === undefined || !(isFloat(tensor.dtype) || isBlocks(tensor.dtype)) || tensor.dtype === dtype
    ? tensor
    : tensor.to(dtype)
}

function warnOfFresh(dir: string, heads: readonly string[]): void {
  const text = `${dir} holds no weights for ${heads.join(', ')}: they start with random numbers, so train them before use`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_FRESH_HEAD' })
}

function unfit(dir: string, missing: string[], misshapen: string[], unexpected: string[]): KeyError {
  const near = missing.flatMap((name) => nearest(name, unexpected) ?? [])
  const list = (names: string[]) => names.slice(0, 20).join(', ') + (names.length > 20 ? ', …' : '')
  const parts = [
    missing.length > 0 && `missing: ${list(missing)}`,
    misshapen.length > 0 && `misshapen: ${list(misshapen)}`,
    unexpected.length > 0 && `unexpected: ${list(unexpected)}`,
  ]
  return new KeyError({
    what: `${dir}: the weights do not fit config.json: ${missing.length} missing, ${misshapen.length} misshapen, ${unexpected.length} unexpected`,
    expected: 'every parameter of the model once, and nothing else',
    received: parts.filter(Boolean).join('; '),
    fix: near.length > 0 ? `rename ${near[0]}` : 'check that config.json and the weights belong together',
  })
}

/** @throws {OptionError} for a model with LoRA layers, which a file of a plain model does not hold. */
export function checkWithoutAdapters(owner: string, model: Module): void {
  const adapted = [...model.namedModules()].find(([, module]) => isLoraLayer(module) && module.r > 0)
  if (adapted === undefined) return
  throw new OptionError({
    what: `${owner}: the model has LoRA layers, which a file of the plain model does not hold`,
    expected: 'a plain model',
    received: `a LoRA layer at ${adapted[0]}`,
    fix: 'save the adapter with save(loraStateDict(model), file), or call mergeAndUnload(model) first',
  })
}
