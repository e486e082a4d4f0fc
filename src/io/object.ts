// The object of a file, built from the JSON that the engine makes of it. The JSON is not nested, so deep files need no recursion.
import type { Tensor } from '../tensor/tensor.js'

/** What a file of `torch.save` may hold, as plain values. Python's None is null, its lists and tuples are arrays. */
export type TorchValue =
  | Tensor
  | number
  | bigint
  | string
  | boolean
  | null
  | TorchValue[]
  | TorchObject
  | Map<number | bigint | string | boolean | null, TorchValue>

/** A dict with strings as keys. It has no prototype, so that keys such as `constructor` are plain keys. */
export interface TorchObject {
  [key: string]: TorchValue
}

type Scalar = number | string | boolean | null
type Written = Scalar | { n: number } | { t: number } | { f: string } | { i: string; b: number }

/** Builds the object that the JSON describes; `tensor` makes the tensor of a number and is called once for each. */
export function buildObject(json: string, tensor: (number: number) => Tensor): TorchValue {
  const { nodes, root } = JSON.parse(json) as { nodes: (string | Written[])[]; root: Written }
  const [built, tensors] = [[] as TorchValue[], new Map<number, Tensor>()]
  const read = (value: Written): TorchValue => {
    if (typeof value !== 'object' || value === null) return value
    if ('n' in value) return built[value.n]!
    if ('f' in value) return Number(value.f)
    if ('i' in value) return BigInt.asIntN(8 * value.b, BigInt(value.i))
    const known = tensors.get(value.t) ?? tensor(value.t)
    tensors.set(value.t, known)
    return known
  }
  for (let i = 0; i < nodes.length; i += 2) built.push(container(nodes[i] as string, nodes[i + 1] as Written[], read))
  return read(root)
}

function container(kind: string, items: Written[], read: (value: Written) => TorchValue): TorchValue {
  if (kind === 'l') return listOf(items, read)
  const map = new Map<Scalar | bigint, TorchValue>()
  const record = Object.create(null) as TorchObject
  for (let i = 0; i < items.length; i += 2) {
    const key = read(items[i]!) as Scalar | bigint
    if (kind === 'o') record[key as string] = read(items[i + 1]!)
    else map.set(key, read(items[i + 1]!))
  }
  return kind === 'o' ? record : map
}

// In place: a list may be long, and most of its items need no change.
function listOf(items: Written[], read: (value: Written) => TorchValue): TorchValue[] {
  const list = items as TorchValue[]
  for (const [i, item] of items.entries()) if (typeof item === 'object') list[i] = read(item)
  return list
}
