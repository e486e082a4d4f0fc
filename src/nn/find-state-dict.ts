// Finds the state dict inside a training checkpoint.
import { Tensor } from '../tensor/tensor.js'
import type { StateDict } from './module.js'

/** Keys under which training scripts save the state dict in a larger checkpoint. */
const WRAPPERS = ['model_state_dict', 'state_dict', 'model'] as const

/** DistributedDataParallel wraps a model in a module of this name. */
const PARALLEL = 'module.'

/**
 * The state dict in a checkpoint. A dict that contains a tensor is itself the state dict; otherwise it is the entry under one of the usual keys. The
 * prefix `module.` is removed when all keys have it and the model has the keys without it but not with it.
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
