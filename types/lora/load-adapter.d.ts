// Generated from src/lora/load-adapter.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/**
 * Reads an adapter that was saved with `save(loraStateDict(model), path)`, and makes the LoRA layers that it needs: the file says which layers it
 * adapts, with which rank, alpha and blocks. Layers that are LoRA layers already are compared with it. Either the model gets the whole adapter, or it is
 * unchanged.
 *
 * The new layers are as {@link injectLora} makes them: frozen base weights, unmerged, in the mode of the model. To train further, call
 * {@link markOnlyLoraAsTrainable}.
 * @example
 * const model = await lora.models.AutoModelForCausalLM.fromPretrained('models/base')
 * await lora.loadAdapter(model, 'adapter.safetensors')
 * model.eval() // merges
 * @returns the paths of the layers that were made, in the model's order.
 * @throws {FormatError} for a file that does not say what adapter it is: call `injectLora` and `loadStateDict` for it.
 * @throws {KeyError} when the model lacks one of its layers, or has LoRA layers with other options.
 */
export declare function loadAdapter(model: Module, path: string): Promise<string[]>
