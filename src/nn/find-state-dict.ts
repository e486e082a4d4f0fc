// Finding the state dict in what a training script saved.
import { Tensor } from '../tensor/tensor.js'
import type { StateDict } from './module.js'

/** Where training scripts put the state dict in a larger checkpoint. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'model'] as const

/** DistributedDataParallel wraps a model in a module of this name. */
const PARALLEL = 'module.'

/**
 * The state dict in a checkpoint. A dict with a tensor in it is one itself; else the one of its entries that usually holds it is taken. The
 * prefix `module.` goes when all keys have it and the model knows the keys without it, not with it.
 */
export function findStateDict(dict: StateDict, knows: (key: string) => boolean): StateDict {
  const inner = unwrapped(dict)
  const keys = isRecord(inner) ? Object.keys(inner) : []
  const bare = (key: string): string => key.slice(PARALLEL.length)
  const fits = keys.every((key) => key.startsWith(PARALLEL) && !knows(key)) && keys.some((key) => knows(bare(key)))
  if (!fits) return inner
  const stripped = Object.create(null) as StateDict
  for (const key of keys) stripped[bare(key)] = inner[key]!
  return stripped
}

function unwrapped(dict: StateDict): StateDict {
  if (!isRecord(dict) || Object.values(dict).some((value) => value instanceof Tensor)) return dict
  const held = WRAPPERS.filter((name) => Object.hasOwn(dict, name) && isRecord(dict[name]))
  return held.length === 1 ? (dict[held[0]!] as unknown as StateDict) : dict
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !(value instanceof Tensor)
  )
}
