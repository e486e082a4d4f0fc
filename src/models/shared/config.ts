// config.json of a model folder. Field names stay as Hugging Face writes them, unknown fields included, so that reading
// and writing a folder keeps them. The fields of an architecture are in its own file, such as gpt2/config.ts.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError, UnsupportedError } from '../../errors.js'
import { bad, nearest, show } from '../../runtime/options.js'
import { parseConfig } from './config-text.js'

/** Activations by the names that config files use. */
export const ACTIVATIONS = ['gelu_new', 'gelu_pytorch_tanh', 'gelu', 'relu', 'silu', 'swish', 'tanh'] as const

/** @throws {OptionError} for a name that is not among {@link ACTIVATIONS}. */
export function checkActivation(owner: string, field: string, name: string): void {
  if (!(ACTIVATIONS as readonly string[]).includes(name)) throw bad(owner, field, ACTIVATIONS.join(', '), name)
}

/**
 * Reads `config.json` of a model folder.
 * @throws {FileError} when it cannot be read. @throws {FormatError} when it is not a JSON object.
 */
export async function readConfig(dir: string): Promise<Record<string, unknown>> {
  const path = join(dir, 'config.json')
  const config = parse(path, await read(path))
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config as Record<string, unknown>
  throw notAnObject(path, show(config))
}

const classNames = new Map<string, string[]>()

/** Notes a class for the folders of a `model_type`; the registry of models calls it. */
export function nameModelClass(modelType: string, className: string): void {
  classNames.set(modelType, [...(classNames.get(modelType) ?? []), className])
}

/**
 * The `model_type` of a configuration, if its architecture is among `known`.
 * @throws {UnsupportedError} naming those, and the classes that read such a folder.
 */
export function checkModelType<T extends string>(config: Record<string, unknown>, known: readonly T[], dir: string): T {
  const type = config['model_type']
  const found = known.find((name) => name === type)
  if (found !== undefined) return found
  const classes = typeof type === 'string' ? classNames.get(type) : undefined
  if (classes !== undefined) throw otherClass(dir, show(type), known, classes)
  const near = typeof type === 'string' ? nearest(type, known) : undefined
  throw new UnsupportedError({
    what: `${dir}: this architecture is not supported`,
    expected: `model_type ${known.join(' or ')}`,
    received: `model_type ${show(type)}, architectures ${show(config['architectures'])}`,
    fix:
      near === undefined
        ? 'use a checkpoint of a supported architecture'
        : `write '${near}' if the file has a typing error`,
  })
}

/** The error for a folder that another class reads. */
function otherClass(dir: string, type: string, known: readonly string[], classes: readonly string[]): UnsupportedError {
  return new UnsupportedError({
    what: `${dir}: this is not a model of this class`,
    expected: `model_type ${known.join(' or ')}`,
    received: `model_type ${type}`,
    fix: `read it with models.${classes.join(' or models.')}`,
  })
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new FileError({
      what: `${path} cannot be read`,
      expected: 'a model folder in the Hugging Face layout',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'check the path of the model folder',
      cause,
    })
  }
}

function parse(path: string, text: string): unknown {
  try {
    return parseConfig(text)
  } catch (cause) {
    throw notAnObject(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function notAnObject(path: string, received: string, cause?: unknown): FormatError {
  const fix = 'copy config.json from the original checkpoint'
  return new FormatError({ what: `${path} is not usable`, expected: 'a JSON object', received, fix, cause })
}

/** The tokens at which a text begins and ends: ids, or null for none; of the end also a list. */
export function checkEnds(owner: string, config: { bos_token_id?: unknown; eos_token_id?: unknown }): void {
  const isId = (value: unknown): boolean => value == null || Number.isInteger(value)
  const { bos_token_id: bos, eos_token_id: eos } = config
  if (!isId(bos)) throw bad(owner, 'bos_token_id', 'a token, or null', bos)
  const isList = Array.isArray(eos) && eos.every((id) => Number.isInteger(id))
  if (!isList && !isId(eos)) throw bad(owner, 'eos_token_id', 'a token, a list of tokens, or null', eos)
}
