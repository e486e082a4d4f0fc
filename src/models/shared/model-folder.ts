// A model in the Hugging Face layout as it lies on the disk: config.json, and the weights beside it.
import { join } from 'node:path'
import { FileError, UnsupportedError } from '../../errors.js'
import { WEIGHT_FILES } from '../../hub/files.js'
import { load } from '../../io/load.js'
import { findStateDict } from '../../nn/find-state-dict.js'
import type { StateDict } from '../../nn/module.js'
import type { FloatDtype } from '../../runtime/options.js'
import { exists } from '../gguf/find.js'
import { readBitsandbytes } from './bitsandbytes.js'
import { withFloatsOf } from './config-text.js'
import { readConfig } from './config.js'

/** The names of types in a configuration. */
export const LONG_NAMES: Record<FloatDtype, string> = {
  f32: 'float32',
  f64: 'float64',
  bf16: 'bfloat16',
  f16: 'float16',
}

/**
 * Reads a folder. Weights of bitsandbytes become floats, of `dtype` where it is given, and the configuration then says nothing of them.
 * @throws {UnsupportedError} for weights that are quantised in another way.
 */
export async function readFolder(
  dir: string,
  { mapped, dtype }: { mapped: boolean; dtype?: FloatDtype | undefined },
): Promise<{ config: Record<string, unknown>; dict: StateDict; file: string }> {
  const config = await readConfig(dir)
  const { quantization_config: quantised, ...rest } = config
  if (quantised == null) {
    const file = await weightFile(dir)
    return { config, dict: findStateDict(await load(file, { mapped }), (key) => !key.startsWith('module.')), file }
  }
  if (!isBitsandbytes(quantised)) throw otherMethod(dir, quantised)
  const file = await weightFile(dir)
  // GPT-2 has its matrices the other way round, and bitsandbytes has them as it has those of all models.
  const isTurned = (name: string) => config['model_type'] === 'gpt2' && /\.c_(attn|fc|proj)\.weight$/.test(name)
  const stated = config['dtype'] ?? config['torch_dtype']
  const dict = await readBitsandbytes(dir, file, { mapped, dtype, stated: dtypeNamed(stated) ?? 'f32', isTurned })
  return { config: withFloatsOf(rest, config), dict, file }
}

/** The type of a name such as `float16`. */
export function dtypeNamed(name: unknown): FloatDtype | undefined {
  return (Object.keys(LONG_NAMES) as FloatDtype[]).find((dtype) => LONG_NAMES[dtype] === name)
}

/** The file, or the index, of the weights in a folder. @throws {FileError} when there is none. */
export async function weightFile(dir: string): Promise<string> {
  for (const name of WEIGHT_FILES) if (await exists(join(dir, name))) return join(dir, name)
  throw new FileError({
    what: `${dir}: there are no weights`,
    expected: `one of ${WEIGHT_FILES.join(', ')}`,
    received: 'none of them',
    fix: 'check the path',
  })
}

/** Files of early releases name no method. */
function isBitsandbytes(quantised: unknown): boolean {
  const { quant_method, load_in_4bit, load_in_8bit } = quantised as Record<string, unknown>
  return quant_method === 'bitsandbytes' || (quant_method === undefined && (load_in_4bit === true || load_in_8bit === true)) // prettier-ignore
}

function otherMethod(dir: string, quantised: unknown): UnsupportedError {
  const { quant_method: method } = quantised as Record<string, unknown>
  return new UnsupportedError({
    what: `${dir}: the weights are quantised by ${typeof method === 'string' ? method : 'an unknown method'}`,
    expected: 'weights in f32, bf16 or f16, those of bitsandbytes in 4 or 8 bits, or a GGUF file',
    received: `quantization_config ${JSON.stringify(quantised)}`.slice(0, 400),
    fix: "load the checkpoint that it was made from, in few bits with { dtype: 'q4_k' }, or a GGUF file of the model",
  })
}
