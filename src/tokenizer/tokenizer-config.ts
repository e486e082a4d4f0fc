// The settings in a tokenizer's folder: tokenizer_config.json, and the chat template in it or beside it.
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError } from '../errors.js'
import { loadGgufHeader } from '../io/gguf/header.js'
import { writeText } from '../io/write-text.js'

/** A chat template, or several by name; null when there is none. */
export type ChatTemplates = string | Readonly<Record<string, string>> | null

/** The settings of a folder. */
export interface FolderSettings {
  readonly config: Readonly<Record<string, unknown>>
  readonly chatTemplate: ChatTemplates
}

/** The special tokens by role, as far as the files define them. */
export interface SpecialTokensMap {
  bosToken?: string
  eosToken?: string
  unkToken?: string
  sepToken?: string
  padToken?: string
  clsToken?: string
  maskToken?: string
}

export const NO_SETTINGS: FolderSettings = Object.freeze({ config: Object.freeze({}), chatTemplate: null })

const CONFIG = 'tokenizer_config.json'
const TEMPLATE = 'chat_template.jinja'
const OLD_TEMPLATE = 'chat_template.json'

/** Reads the settings of a folder. @throws {FileError} @throws {FormatError} for a file that is not usable. */
export function readSettings(folder: string): FolderSettings {
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8')
    } catch (error) {
      return missing(join(folder, name), error)
    }
  }
  return settingsOf(folder, read(CONFIG), read(TEMPLATE), read(OLD_TEMPLATE))
}

/** As {@link readSettings}, without blocking on the disk. */
export async function readSettingsAsync(folder: string): Promise<FolderSettings> {
  const read = (name: string) =>
    readFile(join(folder, name), 'utf8').catch((error: unknown) => missing(join(folder, name), error))
  const [config, template, old] = await Promise.all([CONFIG, TEMPLATE, OLD_TEMPLATE].map(read))
  return settingsOf(folder, config!, template!, old!)
}

/** The chat templates of a GGUF file: `tokenizer.chat_template`, and further ones by name. */
export async function readGgufSettings(path: string): Promise<FolderSettings> {
  const { metadata } = await loadGgufHeader(path)
  const one = metadata['tokenizer.chat_template']?.value
  const further = metadata['tokenizer.chat_templates']?.value
  const names = Array.isArray(further) ? (further as string[]) : []
  const named = names.map((name) => [name, metadata[`tokenizer.chat_template.${name}`]?.value] as const)
  const texts = [['default', one] as const, ...named].filter(([, text]) => typeof text === 'string')
  const chatTemplate = names.length > 0 ? (Object.fromEntries(texts) as Record<string, string>) : one
  return {
    config: {},
    chatTemplate: typeof chatTemplate === 'boolean' ? null : ((chatTemplate ?? null) as ChatTemplates),
  }
}

/** Writes the settings into a folder, with the special tokens by role. Files that would be empty are not written. */
export async function writeSettings(
  folder: string,
  { config, chatTemplate }: FolderSettings,
  roles: Readonly<Record<string, string>>,
): Promise<void> {
  const all = { ...roles, ...config }
  // transformers now writes the template to a file of its own; older versions wrote it into the configuration.
  const isInConfig = 'chat_template' in config
  if (Object.keys(all).length > 0) await writeText(join(folder, CONFIG), `${JSON.stringify(all, null, 2)}\n`)
  if (typeof chatTemplate === 'string' && !isInConfig) await writeText(join(folder, TEMPLATE), chatTemplate)
}

function missing(path: string, error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR')
    return null
  throw new FileError({
    what: `${path} cannot be read`,
    expected: 'a file that can be read, or none',
    received: error instanceof Error ? error.message : String(error),
    fix: 'check the owner and mode of the file',
    cause: error,
  })
}

function settingsOf(
  folder: string,
  configText: string | null,
  template: string | null,
  oldText: string | null,
): FolderSettings {
  const config = configText === null ? {} : parse(join(folder, CONFIG), configText)
  const old = oldText === null ? {} : parse(join(folder, OLD_TEMPLATE), oldText)
  const stated = template ?? templates(join(folder, CONFIG), config['chat_template'])
  return { config, chatTemplate: stated ?? templates(join(folder, OLD_TEMPLATE), old['chat_template']) }
}

/** One template, or a list of `{ name, template }`. */
function templates(path: string, value: unknown): ChatTemplates {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  const isEntry = (entry: unknown): entry is { name: string; template: string } =>
    typeof entry === 'object' &&
    entry !== null &&
    typeof (entry as { name?: unknown }).name === 'string' &&
    typeof (entry as { template?: unknown }).template === 'string'
  if (Array.isArray(value) && value.every(isEntry))
    return Object.fromEntries(value.map(({ name, template }) => [name, template]))
  throw notUsable(
    path,
    'chat_template: a string, or a list of names and templates',
    JSON.stringify(value).slice(0, 100),
  )
}

function parse(path: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (cause) {
    throw notUsable(path, 'a JSON object', cause instanceof Error ? cause.message : String(cause))
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw notUsable(path, 'a JSON object', JSON.stringify(value).slice(0, 100))
}

function notUsable(path: string, expected: string, received: string): FormatError {
  return new FormatError({ what: `${path} is not usable`, expected, received, fix: 'download the file again' })
}
