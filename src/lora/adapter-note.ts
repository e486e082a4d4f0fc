// What an adapter says of itself in its file: rank, alpha and layers. Written by `loraStateDict`, compared by `loadStateDict`, built from by `loadAdapter`.
import { FormatError, KeyError } from '../errors.js'
import { Dropout } from '../nn/dropout.js'
import type { Module, StateDict } from '../nn/module.js'
import { registerDictCheck } from '../nn/state-dict.js'
import { noteOf, NOTE_KEY, setNote } from '../tensor/dict-note.js'
import { adapterModules } from './adapter.js'
import type { Adapter } from './adapter.js'
import type { InjectLayerOptions } from './inject.js'
import { Linear } from './linear.js'
import { LoraLayer } from './lora-layer.js'
import { MergedLinear } from './merged-linear.js'
import { MultiheadAttention } from './multihead-attention.js'
import { TiedLinear } from './tied.js'

/** The options of one adapted layer under the names of PEFT's files; what has its default is left out. */
export interface LayerNote {
  r: number
  lora_alpha: number
  lora_dropout?: number
  merge_weights?: boolean
  /** Output blocks of a fused layer, or q, k and v of an attention. */
  enable_lora?: readonly boolean[]
  blocks?: readonly number[]
  /** Whether the output projection of an attention is adapted. */
  out?: boolean
}

/** What the file says: layers with the same options stand together. */
export interface AdapterNote {
  layers: readonly (LayerNote & { targets: readonly string[] })[]
  /** Whether layers with the weight of an adapted one share its update. */
  include_tied: boolean
}

/** Writes what an adapter is into the dict of its tensors. */
export function noteAdapter(model: Module, dict: StateDict): StateDict {
  const groups = new Map<string, string[]>()
  let tied = false
  for (const [path, adapter] of adapterModules(model)) {
    tied ||= adapter instanceof TiedLinear
    const note = layerNote(adapter)
    if (note === null) continue
    const key = JSON.stringify(note)
    groups.set(key, [...(groups.get(key) ?? []), path])
  }
  if (groups.size === 0) return dict
  const layers = [...groups].map(([key, targets]) => ({ targets, ...(JSON.parse(key) as LayerNote) }))
  return setNote(dict, JSON.stringify({ layers, include_tied: tied } satisfies AdapterNote))
}

/** The options of an adapted layer; null for one of rank 0 and for one that shares the update of another. */
function layerNote(adapter: Adapter): LayerNote | null {
  if (adapter instanceof MultiheadAttention) return attentionNote(adapter)
  if (!(adapter instanceof LoraLayer) || adapter.r === 0) return null
  return { ...common(adapter), ...(adapter instanceof MergedLinear && blocksNote(adapter)) }
}

function common({ r, loraAlpha, loraDropout, mergeWeights }: LoraLayer): LayerNote {
  const p = loraDropout instanceof Dropout ? loraDropout.p : 0
  return { r, lora_alpha: loraAlpha, ...(p > 0 && { lora_dropout: p }), ...(!mergeWeights && { merge_weights: false }) }
}

const blocksNote = ({ enableLora, blocks }: MergedLinear) => ({ enable_lora: enableLora, blocks })

function attentionNote(layer: MultiheadAttention): LayerNote | null {
  const out = layer.out_proj instanceof Linear
  const parts: unknown[] = [layer.in_proj, layer.q_proj, layer.k_proj, layer.v_proj, layer.out_proj]
  const part = parts.find((each) => each instanceof LoraLayer)
  return part === undefined ? null : { ...common(part), enable_lora: layer.enableLora, out }
}

/** The options of `injectLora` for a layer. */
export function injectOptions({ r, lora_alpha, ...more }: LayerNote): InjectLayerOptions {
  return {
    r,
    loraAlpha: lora_alpha,
    ...(more.lora_dropout !== undefined && { loraDropout: more.lora_dropout }),
    ...(more.merge_weights !== undefined && { mergeWeights: more.merge_weights }),
    ...(more.enable_lora !== undefined && { enableLora: more.enable_lora }),
    ...(more.blocks !== undefined && { blocks: more.blocks }),
    ...(more.out !== undefined && { out: more.out }),
  }
}

/** What a dict says of its adapter; undefined when it says nothing. @throws {FormatError} for a text that no program of ours wrote. */
export function readNote(dict: StateDict): AdapterNote | undefined {
  const text = noteOf(dict)
  if (text === undefined) return undefined
  const note = parse(text)
  if (isNote(note)) return note
  throw new FormatError({
    what: `the metadata '${NOTE_KEY}' of an adapter file is not what this library writes`,
    expected: '{"layers": [{"targets": ["path", …], "r": 8, "lora_alpha": 16, …}], "include_tied": false}',
    received: text.slice(0, 200),
    fix: 'save the adapter again, or load the tensors alone: model.loadStateDict({ ...dict }, { strict: false })',
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isNote(note: unknown): note is AdapterNote {
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const isList = (value: unknown, type: string) =>
    value === undefined || (Array.isArray(value) && value.every((each) => typeof each === type))
  const isLayer = (layer: unknown) =>
    isRecord(layer) &&
    Array.isArray(layer['targets']) &&
    isList(layer['targets'], 'string') &&
    Number.isInteger(layer['r']) &&
    typeof layer['lora_alpha'] === 'number' &&
    ['undefined', 'number'].includes(typeof layer['lora_dropout']) &&
    ['undefined', 'boolean'].includes(typeof layer['merge_weights']) &&
    ['undefined', 'boolean'].includes(typeof layer['out']) &&
    isList(layer['enable_lora'], 'boolean') &&
    isList(layer['blocks'], 'number')
  if (!isRecord(note) || !Array.isArray(note['layers'])) return false
  return typeof note['include_tied'] === 'boolean' && note['layers'].every(isLayer)
}

/** Refuses an adapter that was made for other options than the model's layers have, or for layers that have no update. */
export function compareAdapters(model: Module, dict: StateDict): void {
  const note = readNote(dict)
  if (note === undefined) return
  const own = new Map(adapterModules(model))
  const keys = Object.keys(dict)
  const wrong: [path: string, file: LayerNote, model: LayerNote | null][] = []
  for (const { targets, ...layer } of note.layers) {
    for (const path of targets) {
      if (!keys.some((key) => key.startsWith(path === '' ? '' : `${path}.`))) continue
      const adapter = own.get(path)
      const mine = adapter === undefined ? null : layerNote(adapter)
      if (mine === null || !isSame(mine, layer)) wrong.push([path, layer, mine])
    }
  }
  if (wrong.length > 0) throw otherAdapter(model, wrong)
}

/** Dropout and merging do not change what the tensors mean. */
function isSame(a: LayerNote, b: LayerNote): boolean {
  const meaning = ({ r, lora_alpha, enable_lora, blocks, out }: LayerNote) => [r, lora_alpha, enable_lora, blocks, out]
  return JSON.stringify(meaning(a)) === JSON.stringify(meaning(b))
}

function otherAdapter(model: Module, wrong: readonly [string, LayerNote, LayerNote | null][]): KeyError {
  const [path, file, mine] = wrong[0]!
  const bare = wrong.every(([, , each]) => each === null)
  const more = wrong.length > 1 ? `; and ${wrong.length - 1} more layers` : ''
  return new KeyError({
    what: `${model.constructor.name}: the adapter of the file is not that of the model`,
    expected: mine === null ? `no adapter at ${path}, as the model has none there` : `${path}: ${show(mine)}`,
    received: `${path}: ${show(file)}${more}`,
    fix: bare
      ? 'build the layers from the file: await lora.loadAdapter(model, path); or call injectLora first'
      : 'inject with the options of the file, or let it build the layers of a fresh model: await lora.loadAdapter(model, path)',
  })
}

function show({ r, lora_alpha, enable_lora, blocks, out }: LayerNote): string {
  const parts = [`r ${r}`, `loraAlpha ${lora_alpha}`]
  if (enable_lora !== undefined) parts.push(`enableLora [${enable_lora.join(', ')}]`)
  if (blocks !== undefined) parts.push(`blocks [${blocks.join(', ')}]`)
  if (out !== undefined) parts.push(`out ${out}`)
  return parts.join(', ')
}

registerDictCheck(compareAdapters)
