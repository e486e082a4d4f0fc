import { FormatError, KeyError } from '../errors.js'
import { load } from '../io/load.js'
import type { Module, StateDict } from '../nn/module.js'
import { NOTE_KEY } from '../tensor/dict-note.js'
import { isAdapter } from './adapter.js'
import { injectOptions, readNote } from './adapter-note.js'
import type { AdapterNote } from './adapter-note.js'
import { injectLora } from './inject.js'
import type { InjectLayerOptions } from './inject.js'
import { replaceModules } from './replace.js'
import type { Target } from './targets.js'

const OWNER = 'lora.loadAdapter'

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
export async function loadAdapter(model: Module, path: string): Promise<string[]> {
  const dict = await load(path)
  try {
    const note = readNote(dict)
    if (note === undefined) throw noNote(path)
    return build(model, dict, note)
  } finally {
    for (const tensor of Object.values(dict)) tensor.dispose()
  }
}

/** Makes the layers that the model lacks and copies the tensors; what fails leaves the model as it was. */
function build(model: Module, dict: StateDict, note: AdapterNote): string[] {
  const before = new Map(model.namedModules())
  const trained = model.parameters().map((tensor) => [tensor, tensor.requiresGrad] as const)
  const absent = note.layers.flatMap(({ targets }) => targets.filter((target) => !before.has(target)))
  if (absent.length > 0) throw noLayer(model, absent)
  const rules = new Map<Target, InjectLayerOptions>()
  for (const { targets, ...layer } of note.layers) {
    const plain = new Set(targets.filter((target) => !isAdapter(before.get(target)!)))
    if (plain.size > 0) rules.set((name: string) => plain.has(name), injectOptions(layer))
  }
  const made = rules.size === 0 ? [] : injectLora(model, { targets: rules, includeTied: note.include_tied })
  try {
    const { unexpectedKeys } = model.loadStateDict(dict, { strict: false })
    if (unexpectedKeys.length > 0) throw unknownKeys(model, unexpectedKeys)
    return made
  } catch (error) {
    const after = new Map(model.namedModules())
    replaceModules(model, new Map(made.map((name) => [after.get(name)!, before.get(name)!])))
    for (const [tensor, on] of trained) tensor.requiresGrad = on
    throw error
  }
}

function noNote(path: string): FormatError {
  return new FormatError({
    what: `${OWNER}: ${path} does not say what adapter it is`,
    expected: `a file of save(loraStateDict(model), path), with rank, alpha and layers in its metadata ('${NOTE_KEY}')`,
    received: 'tensors alone, as older versions and other programs write them',
    fix: 'call injectLora with the options of its training, then loadStateDict(await load(path), { strict: false })',
  })
}

function noLayer(model: Module, absent: readonly string[]): KeyError {
  const more = absent.length > 3 ? ` and ${absent.length - 3} more` : ''
  return new KeyError({
    what: `${OWNER}: ${model.constructor.name} has no such layers`,
    expected: 'a model of the architecture that the adapter was trained on',
    received: `an adapter of ${absent.slice(0, 3).join(', ')}${more}`,
    fix: 'load the base model of the adapter, and pass the same module as to loraStateDict',
  })
}

function unknownKeys(model: Module, keys: readonly string[]): KeyError {
  return new KeyError({
    what: `${OWNER}: the file holds tensors that ${model.constructor.name} has no place for`,
    expected: 'keys of the model',
    received: `${keys.length} others: ${keys.slice(0, 5).join(', ')}`,
    fix: 'load the base model of the adapter',
  })
}
