// Generated from src/models/save-gguf.ts by `npm run api`. Do not edit.

import type { GgufDtype } from '../io/gguf/writer.js'
import type { GgufField } from '../io/gguf/header.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import { CausalLM } from './shared/causal-lm.js'
/** Options of {@link saveGguf}. */
export interface SaveModelGgufOptions {
  /**
   * Type of the matrices in the file; vectors are f32. Where rows are no whole blocks, llama.cpp's fallback is taken: `q5_0` for `q4_k`, `q5_1` for `q5_k`, `q8_0`
   * for `q6_k`, `q4_0` for `q2_k` and `q3_k`; f16 where no block fits. @default each matrix its own
   */
  dtype?: GgufDtype
  /** The tokenizer of the model, with its chat template. llama.cpp turns no text into tokens without it. @default none */
  tokenizer?: Tokenizer
  /** Further fields, each with its type, such as `general.name`; they replace fields of the same key. @default none */
  metadata?: Readonly<Record<string, GgufField>>
  /** Wait until the file is on the disk (fsync), as in `save`. @default true */
  sync?: boolean
}
/** What {@link saveGguf} wrote. */
export interface SavedGguf {
  /** Type of each tensor in the file, by the names of llama.cpp. */
  types: Record<string, GgufDtype>
  /** Matrices whose rows are no whole blocks of the type that was asked for, with the type that they have instead. */
  fallbacks: Record<string, GgufDtype>
}
/**
 * Writes a language model to a GGUF file that llama.cpp reads: Llama, Mistral, Qwen2, Qwen3, Phi-3, Gemma 2 and 3 and GPT-2. Tensors are converted one after
 * the other, so that no second model is in memory; they must not be changed before it resolves. A model with adapters is merged first.
 *
 * @example
 * const merged = peftModel.mergeAndUnload()
 * const { fallbacks } = await lora.models.saveGguf(merged, 'model.gguf', { dtype: 'q4_k', tokenizer })
 * @throws {OptionError} for a model with adapters. @throws {UnsupportedError} for an architecture, a configuration or a tokenizer that the format cannot express.
 */
export declare function saveGguf(model: CausalLM, path: string, options?: SaveModelGgufOptions): Promise<SavedGguf>
