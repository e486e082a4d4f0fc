import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OptionError } from '../errors.js'
import { ADAPTER_CONFIG, MLX_ADAPTER_FILE, oneFile } from '../hub/files.js'
import { folderOf } from '../hub/folder.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import { loadGgufHeader } from '../io/gguf/header.js'
import { GGUF_DTYPES } from '../io/gguf/writer.js'
import type { GgufDtype } from '../io/gguf/writer.js'
import { convertToGguf } from '../models/convert-gguf.js'
import { modelSource } from '../models/gguf/find.js'
import { readGgufConfig } from '../models/gguf/read.js'
import { readConfig } from '../models/shared/config.js'
import { convertWeights } from '../models/shared/convert-weights.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad, checkChoice } from '../runtime/options.js'
import type { FloatDtype } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { readAdapterConfig, writePeft } from './files.js'
import { formWithDtype, layersOf } from './adapter-form.js'
import { isGgufAdapter, isGgufFile, writeGgufAdapter } from './gguf.js'
import type { BaseConfig } from './gguf.js'
import { writeLoralib } from './loralib-file.js'
import type { LoralibFacts } from './loralib-file.js'
import { isMlxConfig, writeMlx } from './mlx.js'
import { readAdapter } from './read-adapter.js'
import type { AdapterFormat } from './read-adapter.js'

const OWNER = 'convert'
const FLOATS = ['f32', 'f16', 'bf16', 'f64'] as const

/** Options of {@link convert}. */
export interface ConvertOptions {
  /**
   * The form to write: `'peft'` and `'mlx'` are folders of an adapter, `'loralib'` is a safetensors file of factors with loralib's names, `'gguf'` is the GGUF
   * file of an adapter or of a model, as the input is, and `'safetensors'` is the folder of a whole model.
   */
  to: AdapterFormat | 'safetensors'
  /** For a file of loralib's factors that does not say how it is scaled. @default what the file says of itself */
  loralib?: LoralibFacts
  /**
   * For an adapter to or from GGUF: the folder, hub id or GGUF file of its base model, of which the configuration is read. A GGUF file of an adapter says neither how
   * many heads the base has nor what its layers are called. @minLength 1 @default what the adapter's configuration names
   */
  base?: string
  /** Convert the weights to this type; blocks such as `'q4_k'` only in the GGUF file of a model. @default those of the input; blocks become f32 where a form has none */
  dtype?: GgufDtype
  /** Of a model in a folder: the most bytes of a file, as a number or a text such as `'5GB'`. @default '50GB' */
  maxShardSize?: number | string
}

/** What {@link convert} did. */
export interface Conversion {
  /** The form of the input, as its content says. */
  from: AdapterFormat | 'safetensors' | 'torch'
  to: AdapterFormat | 'safetensors'
  /** Adapted layers of an adapter; tensors of a model. */
  count: number
  /** What the target holds with other numbers; empty where the conversion is exact. */
  losses: ConversionLoss[]
}

/**
 * Writes an adapter, or a whole model, in another form. What it is, its content says: a folder of PEFT or mlx-lm, a file of loralib's factors (`.pt` or
 * safetensors), the folder of a model, or a GGUF file of either. What the target has no place for is an error; what it holds with other numbers is a loss in the
 * result, with its size.
 * @example
 * const { losses } = await lora.convert('my-adapter', 'my-adapter-mlx', { to: 'mlx' })
 * await lora.convert('gpt2.e2e.pt', 'e2e', { to: 'peft', loralib: { loraAlpha: 32, enableLora: [true, false, true] } })
 * await lora.convert('my-adapter', 'my-adapter.gguf', { to: 'gguf', base: 'models/base' })
 * @throws {UnsupportedError} naming the part that the target has no place for. @throws {OptionError} when the output holds something of another form.
 */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<Conversion> {
  checkOptions(OWNER, options, schemas.ConvertOptions)
  const { to, loralib, base, dtype, maxShardSize } = options
  if (typeof input !== 'string' || typeof output !== 'string' || resolve(input) === resolve(output))
    throw bad(OWNER, 'output', 'another path than the input', output)
  await refuseOther(output, to)
  const isModel = to === 'safetensors' || (to === 'gguf' && base === undefined && !(await isAdapter(input)))
  if (maxShardSize !== undefined && to !== 'safetensors')
    throw bad(OWNER, 'maxShardSize', "left out unless to is 'safetensors'", maxShardSize)
  if (isModel) {
    if (loralib !== undefined) throw bad(OWNER, 'loralib', 'left out for a model', loralib)
    if (base !== undefined) throw bad(OWNER, 'base', 'left out for a model', base)
    if (to === 'gguf') return { ...(await convertToGguf(OWNER, input, output, dtype)), to }
    return { ...(await convertWeights(OWNER, input, output, { dtype: floatOf(dtype), maxShardSize })), to }
  }
  return convertAdapter(input, output, { to, loralib, base, dtype: floatOf(dtype) })
}

interface AdapterConversion {
  to: AdapterFormat
  loralib: LoralibFacts | undefined
  base: string | undefined
  dtype: FloatDtype | undefined
}

async function convertAdapter(
  input: string,
  output: string,
  { to, loralib, base, dtype }: AdapterConversion,
): Promise<Conversion> {
  const given = base === undefined ? null : await configOf(base)
  const { format: from, ...read } = await readAdapter(OWNER, input, { loralib, base: given })
  if (loralib !== undefined && from !== 'loralib')
    throw bad(OWNER, 'loralib', `left out: ${input} says it itself`, loralib)
  if (base !== undefined && from !== 'gguf' && to !== 'gguf')
    throw bad(OWNER, 'base', 'left out: only GGUF files of adapters need it', base)
  const { form, losses } = await formWithDtype(read, dtype)
  try {
    const { layers } = layersOf(OWNER, form)
    if (to === 'gguf') {
      const known = given ?? (await statedBase(input, form.config.baseModelNameOrPath))
      losses.push(...(await writeGgufAdapter(OWNER, output, form, known)))
    } else if (to === 'mlx') losses.push(...(await writeMlx(OWNER, output, form)))
    else if (to === 'peft') await writePeft(output, form)
    else await writeLoralib(OWNER, output, form)
    return { from, to, count: layers.length, losses }
  } finally {
    for (const tensor of new Set([...Object.values(read.dict), ...Object.values(form.dict)])) tensor.dispose()
  }
}

/** Whether a path holds an adapter; a hub id is taken for a model. */
async function isAdapter(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null)
  if (!found?.isFile()) return existsSync(join(path, ADAPTER_CONFIG))
  return !(await isGgufFile(path)) || isGgufAdapter(await loadGgufHeader(path))
}

/** The configuration of the base model: of a hub id only `config.json` is downloaded. */
async function configOf(base: string): Promise<BaseConfig> {
  const isHere = (await stat(base).catch(() => null)) !== null
  if (!isHere) return readConfig(await folderOf(OWNER, base, {}, oneFile('config.json')))
  const { path, isGguf } = await modelSource(OWNER, base, {})
  return isGguf ? readGgufConfig(path) : readConfig(path)
}

/** The configuration of the base that an adapter names. */
async function statedBase(input: string, base: string | null): Promise<BaseConfig> {
  if (base === null) throw noBase(input, 'none')
  return configOf(base).catch((cause: unknown) => {
    throw noBase(input, `${base}: ${(cause as Error).message}`, cause)
  })
}

function noBase(input: string, received: string, cause?: unknown): OptionError {
  return new OptionError({
    what: `${OWNER}: the base of ${input} is not known, and names and rows in a GGUF file depend on it`,
    expected: 'base: the folder, the hub id or the GGUF file of the base model',
    received,
    fix: "convert(input, output, { to: 'gguf', base: 'models/base' })",
    cause,
  })
}

function floatOf(dtype: GgufDtype | undefined): FloatDtype | undefined {
  if (dtype === undefined) return undefined
  if (GGUF_DTYPES.includes(dtype)) return checkChoice(OWNER, 'dtype', dtype as FloatDtype, FLOATS)
  throw bad(OWNER, 'dtype', `one of ${FLOATS.join(', ')}`, dtype)
}

/** Refuses to write over what is of another form: half of it would stay. */
async function refuseOther(output: string, to: ConvertOptions['to']): Promise<void> {
  const found = await stat(output).catch(() => null)
  if (found === null) return
  const isOneFile = to === 'loralib' || to === 'gguf'
  if (found.isFile() !== isOneFile) throw inTheWay(output, to, found.isFile() ? 'a file' : 'a folder')
  if (isOneFile) return
  const hasAdapter = existsSync(join(output, ADAPTER_CONFIG))
  const isMlx = hasAdapter && isMlxConfig(await readAdapterConfig(OWNER, output))
  if (hasAdapter && (to === 'safetensors' || isMlx !== (to === 'mlx')))
    throw inTheWay(output, to, isMlx ? `an adapter of mlx-lm (${MLX_ADAPTER_FILE})` : 'an adapter of PEFT')
}

function inTheWay(output: string, to: string, received: string): OptionError {
  return new OptionError({
    what: `${OWNER}: ${output} holds something else`,
    expected: `nothing, or what was written with to: '${to}'`,
    received,
    fix: 'write to another path',
  })
}
