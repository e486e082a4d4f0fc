// The folder of a whole model with its weights in safetensors, of another type or in shards of another size.
import { join } from 'node:path'
import { copyTokenizer } from '../../hub/copy.js'
import { lossOf, relativeError } from '../../io/conversion-loss.js'
import type { ConversionLoss } from '../../io/conversion-loss.js'
import { load } from '../../io/load.js'
import { saveShards, sizeInBytes } from '../../io/shards.js'
import { makeFolderNow, writeText } from '../../io/write-text.js'
import { findStateDict } from '../../nn/find-state-dict.js'
import type { FloatDtype } from '../../runtime/options.js'
import { checkTensors } from '../../tensor/named-tensors.js'
import { isFloat } from '../../tensor/dtype.js'
import { noGrad } from '../../tensor/scope.js'
import type { Tensor } from '../../tensor/tensor.js'
import { configText } from './config-text.js'
import { readConfig } from './config.js'
import { LONG_NAMES, weightFile } from './pretrained.js'

/** Writes the weights of a folder as safetensors, with its tokenizer and configuration beside. All weights keep their names. */
export async function convertWeights(
  owner: string,
  input: string,
  output: string,
  { dtype, maxShardSize }: { dtype: FloatDtype | undefined; maxShardSize: number | string | undefined },
): Promise<{ from: 'safetensors' | 'torch'; count: number; losses: ConversionLoss[] }> {
  const maxBytes = sizeInBytes(owner, 'maxShardSize', maxShardSize)
  const config = await readConfig(input)
  const file = await weightFile(input)
  const dict = findStateDict(await load(file, { mapped: true }), (key) => !key.startsWith('module.'))
  checkTensors(file, dict)
  const rounded: [name: string, error: number][] = []
  const entries: [string, Tensor][] = []
  for (const [name, tensor] of Object.entries(dict)) {
    const isChanged = dtype !== undefined && isFloat(tensor.dtype) && tensor.dtype !== dtype
    const made = isChanged ? noGrad(() => tensor.to(dtype)) : tensor
    if (isChanged) rounded.push([name, await relativeError(tensor, made)])
    entries.push([name, made])
  }
  makeFolderNow(output)
  await saveShards(join(output, 'model.safetensors'), Object.fromEntries(entries), {
    maxBytes,
    metadata: { format: 'pt' },
  })
  await copyTokenizer(input, output)
  const { torch_dtype: old, ...fields } = config
  const written = dtype === undefined ? { ...fields, ...(old !== undefined && { torch_dtype: old }) } : { ...fields, dtype: LONG_NAMES[dtype] } // prettier-ignore
  await writeText(join(output, 'config.json'), configText(written, config))
  for (const tensor of new Set([...Object.values(dict), ...entries.map(([, each]) => each)])) tensor.dispose()
  const from = file.includes('.safetensors') ? 'safetensors' : 'torch'
  return { from, count: entries.length, losses: lossOf(`rounded to ${dtype}`, rounded) }
}
