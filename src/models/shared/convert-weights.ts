// The folder of a whole model with its weights in safetensors, of another type or in shards of another size; the model lies in a folder or in a GGUF file.
import { join } from 'node:path'
import { copyTokenizer } from '../../hub/copy.js'
import { lossOf, relativeError } from '../../io/conversion-loss.js'
import type { ConversionLoss } from '../../io/conversion-loss.js'
import { saveShards, sizeInBytes } from '../../io/shards.js'
import { makeFolderNow, writeText } from '../../io/write-text.js'
import type { FloatDtype } from '../../runtime/options.js'
import { checkTensors } from '../../tensor/named-tensors.js'
import { isBlocks, isFloat } from '../../tensor/dtype.js'
import { keep, noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { Tokenizer } from '../../tokenizer/tokenizer.js'
import { modelSource } from '../gguf/find.js'
import type { ModelSource } from '../gguf/find.js'
import { hasTokenizer, readGgufModel } from '../gguf/read.js'
import { configText } from './config-text.js'
import { LONG_NAMES, readFolder } from './model-folder.js'

/** Writes the weights of a model as safetensors, with its tokenizer and configuration beside. Weights of a folder keep their names; blocks become floats. */
export async function convertWeights(
  owner: string,
  input: string,
  output: string,
  { dtype, maxShardSize }: { dtype: FloatDtype | undefined; maxShardSize: number | string | undefined },
): Promise<{ from: 'safetensors' | 'torch' | 'gguf'; count: number; losses: ConversionLoss[] }> {
  const maxBytes = sizeInBytes(owner, 'maxShardSize', maxShardSize)
  const source = await modelSource(owner, input, {})
  const { config, dict, from } = await readSource(source)
  checkTensors(input, dict)
  const rounded: [name: string, error: number][] = []
  const entries: [string, Tensor][] = []
  for (const [name, tensor] of Object.entries(dict)) {
    const target = isBlocks(tensor.dtype) ? (dtype ?? 'f32') : isFloat(tensor.dtype) ? (dtype ?? tensor.dtype) : null
    const isChanged = target !== null && tensor.dtype !== target
    const made = isChanged ? noGrad(() => keep(tensor.to(target as FloatDtype))) : tensor
    if (isChanged) rounded.push([name, await relativeError(tensor, made)])
    entries.push([name, made])
  }
  makeFolderNow(output)
  await saveShards(join(output, 'model.safetensors'), Object.fromEntries(entries), {
    maxBytes,
    metadata: { format: 'pt' },
  })
  await writeTokenizer(source, output)
  const { torch_dtype: old, ...fields } = config
  const written = dtype === undefined ? { ...fields, ...(old !== undefined && { torch_dtype: old }) } : { ...fields, dtype: LONG_NAMES[dtype] } // prettier-ignore
  await writeText(join(output, 'config.json'), configText(written, config))
  for (const tensor of new Set([...Object.values(dict), ...entries.map(([, each]) => each)])) tensor.dispose()
  return { from, count: entries.length, losses: lossOf(`rounded to ${dtype ?? 'f32'}`, rounded) }
}

async function readSource({ path, isGguf }: ModelSource) {
  if (isGguf) return { ...(await readGgufModel(path, true)), from: 'gguf' as const }
  const { config, dict, file } = await readFolder(path, { mapped: true })
  return { config, dict, from: file.includes('.safetensors') ? ('safetensors' as const) : ('torch' as const) }
}

async function writeTokenizer({ path, isGguf }: ModelSource, output: string): Promise<void> {
  if (!isGguf) await copyTokenizer(path, output)
  else if (await hasTokenizer(path)) await (await Tokenizer.fromFileAsync(path)).saveFolder(output)
}
