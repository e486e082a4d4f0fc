// State dicts of loralib's layers, as `torch.save(lora.lora_state_dict(model))` and `save(loraStateDict(model))` write them: the factors, without a word on the scaling, but
// for the note that our own files have.
import { dirname } from 'node:path'
import { FormatError, OptionError, UnsupportedError } from '../errors.js'
import { load } from '../io/load.js'
import { save } from '../io/safetensors.js'
import { makeFolderNow } from '../io/write-text.js'
import { readNote } from '../lora/adapter-note.js'
import type { AdapterNote, LayerNote } from '../lora/adapter-note.js'
import { findStateDict } from '../nn/find-state-dict.js'
import type { StateDict } from '../nn/module.js'
import { checkOptions } from '../runtime/check-options.js'
import { show } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { setNote } from '../tensor/dict-note.js'
import { cat, zeros } from '../tensor/make.js'
import { checkTensors } from '../tensor/named-tensors.js'
import { keep, noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkFactors, formOf, hasTableName, layersOf } from './adapter-form.js'
import type { AdapterForm, AdapterLayer } from './adapter-form.js'

/** What a file of loralib's factors does not say of itself. Files of `save(loraStateDict(model), path)` do: they need none of it. */
export interface LoralibFacts {
  /** Numerator of the scaling in training: updates are multiplied by `loraAlpha / r`. */
  loraAlpha: number
  /** The blocks of a fused layer (`MergedLinear`) that have an update, e.g. `[true, false, true]` for q and v of GPT-2's `c_attn`. @default none is fused */
  enableLora?: readonly boolean[]
}

/** Heads that classifiers of LoRA's NLU example train and save as a whole. */
const HEAD = /^(classifier|score|qa_outputs)\./

/**
 * The adapter of a file. Fused layers become plain ones of a higher rank: B has blocks on its diagonal, and zeros elsewhere, so that the update is the same.
 * @param isEmbedding whether a path is that of an embedding, where the model is known
 */
export async function readLoralib(
  owner: string,
  path: string,
  facts: LoralibFacts | undefined,
  isEmbedding: (path: string) => boolean = hasTableName,
): Promise<AdapterForm> {
  if (facts !== undefined) checkOptions(owner, facts, schemas.LoralibFacts)
  const file = await load(path)
  const note = readNote(file)
  const dict = findStateDict(file, (key) => !key.startsWith('module.'))
  checkTensors(path, dict)
  const groups = new Map<string, { a?: Tensor; b?: Tensor }>()
  for (const [key, tensor] of Object.entries(dict)) {
    const [, layer, factor] = /^(.+)\.lora_([AB])$/.exec(key) ?? []
    if (layer !== undefined) groups.set(layer, { ...groups.get(layer), [factor === 'A' ? 'a' : 'b']: tensor })
  }
  if (groups.size === 0) throw noFactors(owner, path, dict)
  const layers = [...groups].map(([layer, { a, b }]) => {
    const known = factsOf(owner, path, layer, note, facts)
    const bias = dict[`${layer}.bias`] ?? null
    return plainLayer(owner, layer, a, b, { ...known, bias, isTable: isEmbedding(layer) })
  })
  const isOfLayer = (key: string) => groups.has(key.replace(/\.(?:lora_[AB]|bias)$/, ''))
  const others = Object.entries(dict).filter(([key]) => !isOfLayer(key))
  const unknown = others.filter(([key]) => !HEAD.test(key))
  if (unknown.length > 0) throw moreTensors(owner, path, unknown)
  const heads = [...new Set(others.map(([key]) => HEAD.exec(key)![1]!))]
  const bias = layers.some((layer) => layer.bias) ? 'lora_only' : 'none'
  const loraDropout = note?.layers[0]?.lora_dropout ?? 0
  const fields = { bias, loraDropout, modulesToSave: heads.length > 0 ? heads : null } as const
  return formOf(layers, fields, Object.fromEntries(others))
}

type Facts = Pick<LayerNote, 'lora_alpha' | 'enable_lora' | 'blocks'> & { r?: number }

function factsOf(
  owner: string,
  path: string,
  layer: string,
  note: AdapterNote | undefined,
  given: LoralibFacts | undefined,
): Facts {
  const noted = note?.layers.find(({ targets }) => targets.includes(layer))
  if (noted !== undefined) return noted
  if (given === undefined) throw noAlpha(owner, path)
  return { lora_alpha: given.loraAlpha, ...(given.enableLora && { enable_lora: given.enableLora }) }
}

function plainLayer(
  owner: string,
  path: string,
  a: Tensor | undefined,
  b: Tensor | undefined,
  facts: Facts & Pick<AdapterLayer, 'bias' | 'isTable'>,
): AdapterLayer {
  const { lora_alpha: alpha, enable_lora: enabled, bias, isTable: isEmbedding } = facts
  const rest = { path, isTable: isEmbedding, magnitude: null, loraBias: null, bias }
  if (a?.ndim === 2 && b?.ndim === 2 && (enabled !== undefined || a.shape[0] !== b.shape[1])) {
    const r = b.shape[1]!
    return { ...rest, scaling: alpha / r, a, b: unfused(owner, path, a, b, facts) }
  }
  const r = checkFactors(owner, path, a, b)
  if (facts.r !== undefined && facts.r !== r) throw badRank(owner, path, facts.r, b!)
  return { ...rest, scaling: alpha / r, a: a!, b: b! }
}

/** The second factor of a fused layer as that of a plain one: (out, r · enabled), the block of each enabled part at its rows and its columns. */
function unfused(owner: string, path: string, a: Tensor, b: Tensor, { enable_lora: enabled, blocks }: Facts): Tensor {
  const [rows, r] = b.shape as [number, number]
  const count = enabled?.filter(Boolean).length ?? 0
  const sizes = blocks ?? enabled?.map(() => rows / count) ?? []
  const used = sizes.reduce((sum, size, i) => sum + (enabled?.[i] ? size : 0), 0)
  const fits = count > 0 && a.shape[0] === r * count && sizes.every(Number.isInteger) && used === rows
  if (!fits) throw badBlocks(owner, path, a, b, enabled)
  let [row, column] = [0, 0]
  const parts = sizes.map((size, i) => {
    const blank = (columns: number) => zeros([size, columns], { dtype: b.dtype as 'f32' })
    if (!enabled![i]) return blank(r * count)
    const own = b.detach().narrow(0, row, size)
    const part = cat(
      [blank(r * column), own, blank(r * (count - 1 - column))].filter(({ numel }) => numel > 0),
      1,
    )
    row += size
    column += 1
    return part
  })
  return noGrad(() => keep(cat(parts, 0)))
}

/**
 * Writes the factors under loralib's names into a safetensors file, with the note from which `lora.loadAdapter` builds the layers.
 * @throws {UnsupportedError} for what loralib's layers do not have.
 */
export async function writeLoralib(owner: string, path: string, form: AdapterForm): Promise<void> {
  const { layers, others } = layersOf(owner, form)
  const foreign = layers.find((layer) => layer.magnitude || layer.loraBias)
  if (foreign !== undefined || others.length > 0 || layers.length === 0)
    throw notInLoralib(owner, foreign?.magnitude ? `DoRA's norms of ${foreign.path}` : (foreign?.path ?? others.join(', '))) // prettier-ignore
  const dict: StateDict = {}
  const groups = new Map<string, AdapterNote['layers'][number] & { targets: string[] }>()
  const dropout = form.config.loraDropout
  for (const { path: layer, a, b, bias, scaling } of layers) {
    dict[`${layer}.lora_A`] = a
    dict[`${layer}.lora_B`] = b
    if (bias) dict[`${layer}.bias`] = bias
    const r = a.shape[0]!
    const note: LayerNote = { r, lora_alpha: scaling * r, ...(dropout > 0 && { lora_dropout: dropout }) }
    const key = JSON.stringify(note)
    const group = groups.get(key) ?? { targets: [], ...note }
    group.targets.push(layer)
    groups.set(key, group)
  }
  const note: AdapterNote = { layers: [...groups.values()], include_tied: false }
  makeFolderNow(dirname(path))
  await save(setNote(dict, JSON.stringify(note)), path)
}

function noFactors(owner: string, path: string, dict: StateDict): FormatError {
  return new FormatError({
    what: `${owner}: ${path} holds no adapter`,
    expected: 'keys that end in lora_A and lora_B, as loralib names them',
    received: Object.keys(dict).slice(0, 3).join(', ') || 'nothing',
    fix: 'pass the folder of an adapter of PEFT or mlx-lm, or a state dict of LoRA layers',
  })
}

function noAlpha(owner: string, path: string): OptionError {
  return new OptionError({
    what: `${owner}: ${path} does not say how its updates are scaled`,
    expected: 'loraAlpha of its training, and enableLora of fused layers',
    received: "factors alone, as Python's loralib saves them",
    fix: 'pass { loralib: { loraAlpha: 32, enableLora: [true, false, true] } } with the values of its training',
  })
}

function badRank(owner: string, path: string, r: number, b: Tensor): FormatError {
  return new FormatError({
    what: `${owner}: the factors of ${path} are not those that the file describes`,
    expected: `rank ${r}`,
    received: `lora_B ${show(b)}`,
    fix: 'save the adapter again; convolutions have no form here: merge them',
  })
}

function badBlocks(owner: string, path: string, a: Tensor, b: Tensor, enabled: unknown): FormatError {
  return new FormatError({
    what: `${owner}: the factors of ${path} are not those of a dense layer with these blocks`,
    expected: 'lora_A (r · enabled blocks, in), lora_B (rows of the enabled blocks, r)',
    received: `lora_A (${a.shape.join(', ')}), lora_B (${b.shape.join(', ')}), enableLora ${show(enabled)}`,
    fix: 'pass the enableLora of its training; convolutions and attention modules have no form here: merge them',
  })
}

function moreTensors(owner: string, path: string, unknown: readonly (readonly [string, Tensor])[]): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: ${path} holds more than an adapter`,
    expected: 'factors, biases of their layers, and the head of a classifier',
    received: `${unknown.length} other tensors: ${unknown.slice(0, 3).map(([key]) => key).join(', ')}`, // prettier-ignore
    fix: 'load a whole checkpoint with injectLora and loadStateDict, and save loraStateDict(model)',
  })
}

function notInLoralib(owner: string, received: string): UnsupportedError {
  return new UnsupportedError({
    what: `${owner}: loralib's layers have no place for a part of the adapter`,
    expected: 'updates of dense layers and embeddings, and their biases',
    received,
    fix: 'train without it, or write the merged model',
  })
}
