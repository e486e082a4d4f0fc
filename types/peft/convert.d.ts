// Generated from src/peft/convert.ts by `npm run api`. Do not edit.

import type { ConversionLoss } from '../io/conversion-loss.js'
import type { GgufDtype } from '../io/gguf/writer.js'
import type { LoralibFacts } from './loralib-file.js'
import type { AdapterFormat } from './read-adapter.js'
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
export declare function convert(input: string, output: string, options: ConvertOptions): Promise<Conversion>
