import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OptionError } from '../errors.js'
import { ADAPTER_CONFIG, MLX_ADAPTER_FILE } from '../hub/files.js'
import { lossOf, relativeError } from '../io/conversion-loss.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import { convertWeights } from '../models/shared/convert-weights.js'
import { checkOptions } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import type { FloatDtype } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import { readAdapterConfig, writePeft } from './files.js'
import { layersOf } from './adapter-form.js'
import type { AdapterForm } from './adapter-form.js'
import { writeLoralib } from './loralib-file.js'
import type { LoralibFacts } from './loralib-file.js'
import { isMlxConfig, writeMlx } from './mlx.js'
import { readAdapter } from './read-adapter.js'
import type { AdapterFormat } from './read-adapter.js'

const OWNER = 'convert'

/** Options of {@link convert}. */
export interface ConvertOptions {
  /**
   * The form to write: `'peft'` and `'mlx'` are folders of an adapter, `'loralib'` is a safetensors file of factors with loralib's names, `'safetensors'` is the
   * folder of a whole model.
   */
  to: AdapterFormat | 'safetensors'
  /** For a file of loralib's factors that does not say how it is scaled. @default what the file says of itself */
  loralib?: LoralibFacts
  /** Convert the weights to this type. @default those of the input */
  dtype?: FloatDtype
  /** Of a model: the most bytes of a file, as a number or a text such as `'5GB'`. @default '50GB' */
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
 * safetensors), or the folder of a model. What the target has no place for is an error; what it holds with other numbers is a loss in the result, with its size.
 * @example
 * const { losses } = await lora.convert('my-adapter', 'my-adapter-mlx', { to: 'mlx' })
 * await lora.convert('gpt2.e2e.pt', 'e2e', { to: 'peft', loralib: { loraAlpha: 32, enableLora: [true, false, true] } })
 * @throws {UnsupportedError} naming the part that the target has no place for. @throws {OptionError} when the output holds something of another form.
 */
export async function convert(input: string, output: string, options: ConvertOptions): Promise<Conversion> {
  checkOptions(OWNER, options, schemas.ConvertOptions)
  const { to, loralib, dtype, maxShardSize } = options
  if (typeof input !== 'string' || typeof output !== 'string' || resolve(input) === resolve(output))
    throw bad(OWNER, 'output', 'another path than the input', output)
  await refuseOther(output, to)
  if (to === 'safetensors') {
    if (loralib !== undefined) throw bad(OWNER, 'loralib', 'left out for a model', loralib)
    return { ...(await convertWeights(OWNER, input, output, { dtype, maxShardSize })), to }
  }
  if (maxShardSize !== undefined) throw bad(OWNER, 'maxShardSize', 'left out for an adapter', maxShardSize)
  const { format: from, ...read } = await readAdapter(OWNER, input, { loralib })
  if (loralib !== undefined && from !== 'loralib')
    throw bad(OWNER, 'loralib', `left out: ${input} says it itself`, loralib)
  const { form, losses } = await withDtype(read, dtype)
  try {
    const { layers } = layersOf(OWNER, form)
    if (to === 'mlx') losses.push(...(await writeMlx(OWNER, output, form)))
    else if (to === 'peft') await writePeft(output, form)
    else await writeLoralib(OWNER, output, form)
    return { from, to, count: layers.length, losses }
  } finally {
    for (const tensor of new Set([...Object.values(read.dict), ...Object.values(form.dict)])) tensor.dispose()
  }
}

/** The adapter with its tensors in a type, and what that cost. */
async function withDtype(
  read: AdapterForm,
  dtype: FloatDtype | undefined,
): Promise<{ form: AdapterForm; losses: ConversionLoss[] }> {
  if (dtype === undefined) return { form: read, losses: [] }
  const rounded: [key: string, error: number][] = []
  const dict: Record<string, AdapterForm['dict'][string]> = {}
  for (const [key, tensor] of Object.entries(read.dict)) {
    dict[key] = tensor.dtype === dtype ? tensor : tensor.detach().to(dtype)
    if (dict[key] !== tensor) rounded.push([key, await relativeError(tensor, dict[key])])
  }
  return { form: { config: read.config, dict }, losses: lossOf(`rounded to ${dtype}`, rounded) }
}

/** Refuses to write over what is of another form: half of it would stay. */
async function refuseOther(output: string, to: ConvertOptions['to']): Promise<void> {
  const found = await stat(output).catch(() => null)
  if (found === null) return
  if (found.isFile() !== (to === 'loralib')) throw inTheWay(output, to, found.isFile() ? 'a file' : 'a folder')
  if (to === 'loralib') return
  const isAdapter = existsSync(join(output, ADAPTER_CONFIG))
  const isMlx = isAdapter && isMlxConfig(await readAdapterConfig(OWNER, output))
  if (isAdapter && (to === 'safetensors' || isMlx !== (to === 'mlx')))
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
