// Weights as bitsandbytes stores them, in floats: codes of 4 bits with a scale for each block, or of 8 bits with a scale for each row. What is needed to read a
// weight lies in tensors beside it. The numbers are those of its `dequantize_4bit` and `int8_vectorwise_dequant`, to the bit.
import { FormatError } from '../../errors.js'
import { loadOneByOne } from '../../io/load.js'
import type { StateDict } from '../../nn/module.js'
import { show } from '../../runtime/options.js'
import type { FloatDtype } from '../../runtime/options.js'
import { tensorAsync } from '../../tensor/make.js'
import { keep, noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import type { TensorData } from '../../tensor/values.js'

/** How weights are read. */
export interface BitsandbytesOptions {
  mapped: boolean
  /** Type of the floats. @default the one that the weights were made from */
  dtype: FloatDtype | undefined
  /** That type, where a weight does not say it: in 8 bits. */
  stated: FloatDtype
  /** Whether the model has a weight the other way round. */
  isTurned: (name: string) => boolean
}

/** The values of the codes: NF4 of Dettmers et al. 2023, appendix E, and FP4, whose first bit is the sign; zero has none, as in the map that is saved with a weight. */
const FP4 = [0, 0.005208333333, 0.66666667, 1, 0.33333333, 0.5, 0.16666667, 0.25]
// prettier-ignore
const CODES: Readonly<Record<string, Float32Array>> = {
  nf4: Float32Array.of(
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
  ),
  fp4: Float32Array.from([...FP4, ...FP4.map((value) => 0 - value)]),
}
const BLOCK_SIZES: readonly unknown[] = [32, 64, 128, 256, 512, 1024, 2048, 4096]
const DTYPES: Readonly<Record<string, FloatDtype>> = { float32: 'f32', float16: 'f16', bfloat16: 'bf16' }
/** 1 / 127 as bitsandbytes has it. */
const PER_STEP = Math.fround(7.874015718698502e-3)
/** The longest state that is read. */
const MOST_STATE_BYTES = 65_536

const BESIDE_4_BITS = /^(.+)\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.bitsandbytes__\w+)$/
const BESIDE_8_BITS = /^(.+)\.(SCB|weight_format)$/

/** A weight of the file, and what lies beside it; problems go to a list. */
interface Stored {
  readonly weight: Tensor
  readonly beside: ReadonlyMap<string, () => Tensor>
  readonly fail: (problem: string) => null
}

/**
 * Reads the weights of a folder, one at a time: beside the floats only one weight lies in memory as it is stored.
 * @throws {FormatError} listing every weight that lacks a part or has a damaged one. Nothing is made of a weight whose sizes do not fit each other.
 */
export function readBitsandbytes(dir: string, file: string, options: BitsandbytesOptions): Promise<StateDict> {
  return loadOneByOne(file, options.mapped, async (stored) => {
    const parts = partsOf(stored)
    const dict = Object.create(null) as StateDict
    const problems: string[] = []
    try {
      for (const [name, take] of Object.entries(stored)) {
        const beside = parts.get(name)
        if (placeOf(name) !== null) continue
        const weight = take()
        dict[name] = weight
        const isCodes = name.endsWith('.weight') && (weight.dtype === 'u8' || weight.dtype === 'i64')
        if (beside === undefined && !isCodes) continue
        const fail = (problem: string) => {
          problems.push(`${name}: ${problem}`)
          return null
        }
        const wide = await floatsOf({ weight, beside: beside ?? new Map(), fail }, options)
        if (wide === null || problems.length > 0) wide?.dispose()
        else dict[name] = options.isTurned(name) ? turned(wide) : wide
        weight.dispose()
      }
      for (const name of parts.keys()) if (!Object.hasOwn(stored, name)) problems.push(`${name}: missing`)
      if (problems.length > 0) throw damaged(dir, problems)
      return dict
    } catch (error) {
      for (const tensor of Object.values(dict)) tensor.dispose()
      throw error
    }
  })
}

/** Of each weight what lies beside it. */
function partsOf(stored: Readonly<Record<string, () => Tensor>>): Map<string, Map<string, () => Tensor>> {
  const parts = new Map<string, Map<string, () => Tensor>>()
  for (const [name, take] of Object.entries(stored)) {
    const place = placeOf(name)
    if (place === null) continue
    const own = parts.get(place.weight) ?? new Map<string, () => Tensor>()
    parts.set(place.weight, own.set(place.part, take))
  }
  return parts
}

function placeOf(name: string): { weight: string; part: string } | null {
  const [, weight, part] = BESIDE_4_BITS.exec(name) ?? []
  if (weight !== undefined) return { weight, part: part! }
  const [, layer, scale] = BESIDE_8_BITS.exec(name) ?? []
  return layer === undefined ? null : { weight: `${layer}.weight`, part: scale! }
}

function floatsOf(stored: Stored, { dtype, stated }: BitsandbytesOptions): Promise<Tensor | null> {
  const isOf8Bits = stored.weight.dtype === 'i64' || stored.beside.has('SCB')
  return isOf8Bits ? eightBits(stored, dtype ?? stated) : fourBits(stored, dtype)
}

/** `weight = code · scale of the row / 127` (R, C). */
async function eightBits({ weight, beside, fail }: Stored, dtype: FloatDtype): Promise<Tensor | null> {
  const [rows = 0, columns] = weight.shape
  // i8 is read as i64.
  if (weight.dtype !== 'i64' || columns === undefined || weight.ndim > 2)
    return fail(`${show(weight)}, where codes of 8 bits are a matrix of integers`)
  const scales = await valuesOf({ beside, fail }, 'SCB', 'f32', rows)
  const format = beside.has('weight_format') ? await valuesOf({ beside, fail }, 'weight_format', 'u8', 1) : [0]
  if (scales === null || format === null) return null
  if (format[0] !== 0) return fail(`weight_format ${format[0]}, where 0 is known: codes in the order of the rows`)
  const wide = noGrad(() => keep(weight.to('f32')))
  const values = (await wide.data()) as Float32Array
  wide.dispose()
  for (let r = 0, i = 0; r < rows; r++) {
    const scale = scales[r] as number
    for (const end = i + columns; i < end; i++) values[i] = Math.fround(values[i]! * scale) * PER_STEP
  }
  return tensorAsync(values, { shape: weight.shape, dtype })
}

/** `weight = value of the code · scale of the block`; the first of two codes lies in the upper half of a byte. */
async function fourBits(stored: Stored, dtype: FloatDtype | undefined): Promise<Tensor | null> {
  const { weight, fail } = stored
  const state = await stateOf(stored)
  if (state === null) return null
  const { shape, blocksize, code } = state
  const n = shape.reduce((product, size) => product * size, 1)
  const isFull = weight.dtype === 'u8' && weight.numel === Math.ceil(n / 2)
  if (!isFull) fail(`${show(weight)}, where ${n} codes of 4 bits are (${Math.ceil(n / 2)}, 1) u8`)
  const scales = await scalesOf(stored, state, Math.ceil(n / blocksize))
  const map = (await valuesOf(stored, 'quant_map', 'f32', 16)) as Float32Array | null
  // Only compared: bitsandbytes, too, goes by the name.
  const isOther = map?.some((value, i) => !(Math.abs(value - code[i]!) < 1e-3))
  if (isOther) fail(`quant_map is not that of ${state.quant_type}`)
  if (!isFull || scales === null || map === null || isOther) return null
  const [packed, values] = [(await weight.data()) as Uint8Array, new Float32Array(n)]
  for (let i = 0, block = 0; i < packed.length; block++) {
    const scale = scales[block]!
    for (const end = Math.min(i + blocksize / 2, packed.length); i < end; i++) {
      values[2 * i] = code[packed[i]! >> 4]! * scale
      values[2 * i + 1] = code[packed[i]! & 15]! * scale // past the end of an odd number: ignored
    }
  }
  return tensorAsync(values, { shape, dtype: dtype ?? state.dtype })
}

/** The scale of each block. With double quantisation they are codes of 8 bits themselves, with scales of blocks of their own, and an offset. */
async function scalesOf(stored: Stored, { nested }: State, blocks: number): Promise<Float32Array | null> {
  if (nested === null) return (await valuesOf(stored, 'absmax', 'f32', blocks)) as Float32Array | null
  const codes = (await valuesOf(stored, 'absmax', 'u8', blocks)) as Uint8Array | null
  const map = (await valuesOf(stored, 'nested_quant_map', 'f32', 256)) as Float32Array | null
  const outer = await valuesOf(stored, 'nested_absmax', 'f32', Math.ceil(blocks / nested.blocksize))
  if (codes === null || map === null || outer === null) return null
  return Float32Array.from(codes, (code, i) => {
    return Math.fround(map[code]! * (outer[Math.floor(i / nested.blocksize)] as number)) + nested.offset
  })
}

/** How a weight of 4 bits was made. */
interface State {
  readonly quant_type: string
  readonly code: Float32Array
  readonly blocksize: number
  readonly dtype: FloatDtype
  readonly shape: readonly number[]
  readonly nested: { readonly blocksize: number; readonly offset: number } | null
}

/** The state that lies beside a weight as JSON in bytes. */
async function stateOf({ weight, beside, fail }: Stored): Promise<State | null> {
  const keys = [...beside.keys()].filter((key) => key.startsWith('quant_state.'))
  if (keys.length !== 1)
    return fail(
      keys.length > 1
        ? `both ${keys.join(' and ')}`
        : `${show(weight)} without quant_state.bitsandbytes__nf4 or __fp4, and without SCB`,
    )
  const [key] = keys as [string]
  const bytes = await valuesOf({ beside, fail }, key, 'u8', null)
  if (bytes === null) return null
  let json: Record<string, unknown>
  try {
    json = Object(JSON.parse(Buffer.from(bytes as Uint8Array).toString())) as Record<string, unknown>
  } catch (cause) {
    return fail(`${key} is not JSON: ${(cause as Error).message}`)
  }
  const { quant_type, blocksize, shape, nested_blocksize, nested_dtype, nested_offset } = json
  const isNested = nested_blocksize !== undefined
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0
  const wrong = Object.entries({
    quant_type: typeof quant_type === 'string' && Object.hasOwn(CODES, quant_type) && key.endsWith(`__${quant_type}`),
    blocksize: BLOCK_SIZES.includes(blocksize),
    dtype: typeof json['dtype'] === 'string' && Object.hasOwn(DTYPES, json['dtype']),
    shape: Array.isArray(shape) && shape.length === 2 && shape.every(isSize) && isSize(shape[0] * shape[1]), // prettier-ignore
    nested_blocksize: !isNested || (isSize(nested_blocksize) && nested_blocksize !== 0),
    nested_dtype: !isNested || nested_dtype === 'float32',
    nested_offset: !isNested || Number.isFinite(nested_offset),
  }).flatMap(([field, isRight]) => (isRight ? [] : `${field} ${show(json[field])}`))
  if (wrong.length > 0) return fail(`${key} has ${wrong.join(', ')}`)
  return {
    quant_type: quant_type as string,
    code: CODES[quant_type as string]!,
    blocksize: blocksize as number,
    dtype: DTYPES[json['dtype'] as string]!,
    shape: shape as number[],
    nested: isNested ? { blocksize: nested_blocksize as number, offset: Math.fround(nested_offset as number) } : null,
  }
}

/** The values of a part of this type and size; null when it is another, or missing. */
async function valuesOf(
  { beside, fail }: Pick<Stored, 'beside' | 'fail'>,
  part: string,
  dtype: 'u8' | 'f32',
  count: number | null,
): Promise<TensorData | null> {
  const tensor = beside.get(part)?.()
  if (tensor === undefined) return fail(`${part} is missing`)
  try {
    if (tensor.dtype === dtype && tensor.numel === (count ?? Math.min(tensor.numel, MOST_STATE_BYTES)))
      return await tensor.data()
    return fail(`${part} ${show(tensor)} for ${dtype} (${count ?? `at most ${MOST_STATE_BYTES}`})`)
  } finally {
    tensor.dispose()
  }
}

function turned(weight: Tensor): Tensor {
  const made = noGrad(() => keep(weight.transpose(0, 1).contiguous()))
  weight.dispose()
  return made
}

function damaged(dir: string, problems: readonly string[]): FormatError {
  return new FormatError({
    what: `${dir}: the weights of bitsandbytes are not usable: ${problems.length} problems`,
    expected: 'each weight with the parts that bitsandbytes saves beside it, of sizes that fit it',
    received: problems.slice(0, 20).join('; ') + (problems.length > 20 ? '; …' : ''),
    fix: 'get the files again, or save the model again',
  })
}
