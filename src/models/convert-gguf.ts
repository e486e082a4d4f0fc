// A whole model to a GGUF file.
import { readdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TOKENIZER_FILES } from '../hub/files.js'
import { lossOf, relativeError } from '../io/conversion-loss.js'
import type { ConversionLoss } from '../io/conversion-loss.js'
import type { GgufDtype } from '../io/gguf/writer.js'
import { makeFolderNow } from '../io/write-text.js'
import { Tokenizer } from '../tokenizer/tokenizer.js'
import { modelSource } from './gguf/find.js'
import type { ModelSource } from './gguf/find.js'
import { hasTokenizer } from './gguf/read.js'
import { AutoModelForCausalLM } from './registry.js'
import { saveGguf } from './save-gguf.js'
import { weightFile } from './shared/model-folder.js'

/** Writes the model of a folder, a hub id or another GGUF file, with its tokenizer. What the types of the file cost is measured on what was written. */
export async function convertToGguf(
  owner: string,
  input: string,
  output: string,
  dtype: GgufDtype | undefined,
): Promise<{ from: 'safetensors' | 'torch' | 'gguf'; count: number; losses: ConversionLoss[] }> {
  const source = await modelSource(owner, input, {})
  const model = await AutoModelForCausalLM.fromPretrained(source.path)
  const tokenizer = await tokenizerOf(input, source)
  makeFolderNow(dirname(output))
  const { types } = await saveGguf(model, output, { ...(dtype && { dtype }), ...(tokenizer && { tokenizer }) })
  const written = await AutoModelForCausalLM.fromPretrained(output)
  const rounded: [name: string, error: number][] = []
  const theirs = written.stateDict()
  for (const [name, tensor] of Object.entries(model.stateDict()))
    if (theirs[name]!.dtype !== tensor.dtype) rounded.push([name, await relativeError(tensor, theirs[name]!)])
  for (const tensor of new Set([...model.parameters(), ...written.parameters()])) tensor.dispose()
  return {
    from: await formOf(source),
    count: Object.keys(types).length,
    losses: lossOf(`rounded to ${dtype}`, rounded),
  }
}

async function formOf({ path, isGguf }: ModelSource): Promise<'safetensors' | 'torch' | 'gguf'> {
  if (isGguf) return 'gguf'
  return (await weightFile(path)).includes('.safetensors') ? 'safetensors' : 'torch'
}

async function tokenizerOf(input: string, { path, isGguf }: ModelSource): Promise<Tokenizer | null> {
  if (isGguf) return (await hasTokenizer(path)) ? Tokenizer.fromFileAsync(path) : null
  const isHere = (await stat(input).catch(() => null)) !== null
  if (!isHere) return Tokenizer.fromPretrained(input)
  const names = await readdir(path)
  const hasFiles = TOKENIZER_FILES.some((set) => set.every((name) => names.includes(name)))
  return hasFiles ? Tokenizer.fromPretrained(path) : null
}
