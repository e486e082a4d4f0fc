import { OptionError, ShapeError } from '../../errors.js'
import { stack, tensor } from '../../tensor/make.js'
import { Tensor } from '../../tensor/tensor.js'

type TypedArray = Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | Uint16Array | Uint32Array | Uint8Array | BigInt64Array // prettier-ignore

/** The batch that {@link defaultCollate} makes from samples of type `S`. */
export type Collated<S> = S extends Tensor | number | bigint | boolean | TypedArray
  ? Tensor
  : S extends string
    ? string[]
    : S extends readonly unknown[]
      ? { -readonly [K in keyof S]: Collated<S[K]> }
      : { -readonly [K in keyof S]: Collated<S[K]> }

/**
 * Joins samples into a batch, as PyTorch's default_collate does: tensors and typed arrays of one shape are stacked to (B, …), numbers become a
 * tensor (B), strings a list; arrays and objects are joined element by element and key by key, to any depth.
 *
 * Numbers give f32, BigInts i64 and booleans bool, as with `lora.tensor`: labels are BigInts, or come from an integer array.
 * @throws {ShapeError} when tensors or arrays differ in shape or length; {@link OptionError} for null, functions and samples of different kinds.
 */
export function defaultCollate<S>(samples: readonly S[]): Collated<S> {
  if (samples.length === 0)
    throw new OptionError({
      what: 'collate: there are no samples',
      expected: 'at least one',
      received: 'an empty list',
      fix: 'pass the samples of one batch',
    })
  return join(samples, '') as Collated<S>
}

function join(values: readonly unknown[], path: string): unknown {
  const kind = kindOf(values[0])
  const other = values.find((value) => kindOf(value) !== kind)
  if (kind === 'other' || other !== undefined) throw unusable(values, other, path)
  switch (kind) {
    case 'tensor':
      return stackAll(values as Tensor[], path)
    case 'typed':
      return stackTyped(values as TypedArray[], path)
    case 'string':
      return [...values]
    case 'array':
      return joinArrays(values as unknown[][], path)
    case 'object':
      return joinObjects(values as Record<string, unknown>[], path)
    default:
      return tensor(values as number[])
  }
}

function kindOf(value: unknown): string {
  if (value instanceof Tensor) return 'tensor'
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? 'other' : 'typed'
  if (Array.isArray(value)) return 'array'
  if (['number', 'bigint', 'boolean', 'string'].includes(typeof value)) return typeof value
  return typeof value === 'object' && value !== null ? 'object' : 'other'
}

function stackAll(tensors: readonly Tensor[], path: string): Tensor {
  const shapes = new Set(tensors.map((t) => `(${t.shape.join(', ')}) ${t.dtype}`))
  if (shapes.size > 1) throw unequal('tensors', [...shapes], path)
  return stack(tensors as Tensor[])
}

function stackTyped(arrays: readonly TypedArray[], path: string): Tensor {
  const kinds = new Set(arrays.map((a) => `${a.constructor.name}(${a.length})`))
  if (kinds.size > 1) throw unequal('typed arrays', [...kinds], path)
  const width = arrays[0]!.length
  const all = new (arrays[0]!.constructor as new (n: number) => TypedArray)(arrays.length * width)
  arrays.forEach((array, i) => (all as Float32Array).set(array as Float32Array, i * width))
  return tensor(all, { shape: [arrays.length, width] })
}

function joinArrays(arrays: readonly (readonly unknown[])[], path: string): unknown[] {
  const lengths = new Set(arrays.map((a) => `length ${a.length}`))
  if (lengths.size > 1) throw unequal('arrays', [...lengths], path)
  return arrays[0]!.map((_, i) => join(arrays.map((array) => array[i]), `${path}[${i}]`)) // prettier-ignore
}

function joinObjects(objects: readonly Record<string, unknown>[], path: string): Record<string, unknown> {
  const keys = Object.keys(objects[0]!)
  const odd = objects.find((each) => Object.keys(each).length !== keys.length || keys.some((key) => !(key in each)))
  if (odd) throw unequal('objects', [`keys ${keys.join(', ')}`, `keys ${Object.keys(odd).join(', ')}`], path)
  return Object.fromEntries(
    keys.map((key) => {
      const values = objects.map((each) => each[key])
      return [key, join(values, `${path}.${key}`)]
    }),
  )
}

function at(path: string): string {
  return path === '' ? 'the samples' : `sample${path}`
}

function unequal(what: string, received: string[], path: string): ShapeError {
  return new ShapeError({
    what: `collate: ${what} of ${at(path)} do not fit into one batch`,
    expected: 'the same in every sample',
    received: received.slice(0, 3).join(' and '),
    fix: 'pad them, or pass a collate function of your own',
  })
}

function unusable(values: readonly unknown[], other: unknown, path: string): OptionError {
  const [first, second] = [describe(values[0]), describe(other)]
  return new OptionError({
    what: `collate: ${at(path)} cannot be joined into a batch`,
    expected: 'tensors, numbers, strings, arrays or objects, the same kind in every sample',
    received: values.some((value) => kindOf(value) !== kindOf(values[0])) ? `${first} and ${second}` : first,
    fix: 'pass a collate function of your own',
  })
}

function describe(value: unknown): string {
  return value === null ? 'null' : value instanceof Tensor ? 'Tensor' : Array.isArray(value) ? 'an array' : typeof value
}
