// The files of a repository that a model or a tokenizer needs.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError } from '../errors.js'
import { HubError } from './errors.js'

/** Names of the weight files in a model folder, the preferred ones first: safetensors can be mapped, and is not a pickle. */
export const WEIGHT_FILES = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const

/** The files from which a tokenizer is read, the preferred ones first; the engine's `Tokenizer::from_folder` has the same order. */
export const TOKENIZER_FILES: readonly (readonly string[])[] = [
  ['tokenizer.json'],
  ['vocab.json', 'merges.txt'],
  ['encoder.json', 'vocab.bpe'],
  ['vocab.txt'],
  ['spm.model'],
  ['spiece.model'],
  ['sentencepiece.bpe.model'],
  ['tokenizer.model'],
]
/** Settings of a tokenizer. */
export const BESIDE_A_TOKENIZER = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
]

/** Which files of a repository are needed. */
export interface Need {
  /** The files to download, of those at the top level of the repository. @throws {HubError} when needed ones are missing. */
  choose(subject: string, present: ReadonlySet<string>): string[]
  /** Further files that the chosen ones refer to. */
  further(subject: string, folder: string, chosen: readonly string[]): Promise<string[]>
}

/** `config.json` and weights. */
export const MODEL: Need = {
  choose(subject, present) {
    const weights = WEIGHT_FILES.find((name) => present.has(name))
    if (weights !== undefined && present.has('config.json')) return ['config.json', weights]
    throw lacking(subject, `config.json and one of ${WEIGHT_FILES.join(', ')}`, present)
  },
  async further(subject, folder, chosen) {
    const index = chosen.find((name) => name.endsWith('.index.json'))
    return index === undefined ? [] : shardsOf(subject, join(folder, index))
  },
}

/** The files that {@link Tokenizer.fromFolder} reads. */
export const TOKENIZER: Need = {
  choose(subject, present) {
    const main = TOKENIZER_FILES.find((names) => names.every((name) => present.has(name)))
    if (main === undefined)
      throw lacking(subject, TOKENIZER_FILES.map((names) => names.join(' with ')).join(', or '), present)
    // Without a tokenizer.json, the rules depend on the type of the model.
    const beside = main[0] === 'tokenizer.json' ? BESIDE_A_TOKENIZER : [...BESIDE_A_TOKENIZER, 'config.json']
    return [...main, ...beside.filter((name) => present.has(name))]
  },
  further: async () => [],
}

/** Names of the files of an adapter as PEFT saves it: its configuration, and its tensors, the preferred form first. */
export const ADAPTER_CONFIG = 'adapter_config.json'
export const ADAPTER_FILES = ['adapter_model.safetensors', 'adapter_model.bin'] as const
/** The tensors of an adapter as mlx-lm saves it, beside a configuration of the same name. */
export const MLX_ADAPTER_FILE = 'adapters.safetensors'

/** An adapter in PEFT's form, in that of mlx-lm, or where there is no configuration the one GGUF file. */
export const ADAPTER: Need = {
  choose(subject, present) {
    const all = [...ADAPTER_FILES, MLX_ADAPTER_FILE]
    const weights = all.find((name) => present.has(name))
    const hasConfig = present.has(ADAPTER_CONFIG)
    if (weights !== undefined && hasConfig) return [ADAPTER_CONFIG, weights]
    const ggufs = hasConfig ? [] : [...present].filter((name) => /^[^/]+\.gguf$/i.test(name)).sort()
    if (ggufs.length === 1) return ggufs
    if (ggufs.length > 1) throw severalGguf(subject, ggufs)
    throw lacking(subject, `${ADAPTER_CONFIG} and ${all.join(' or ')}, or one GGUF file`, present)
  },
  further: async () => [],
}

/** One file by name. */
export function oneFile(name: string): Need {
  return { choose: () => [name], further: async () => [] }
}

/** The names of the shards in an index, each once. */
async function shardsOf(subject: string, path: string): Promise<string[]> {
  const names = new Set(Object.values(weightMap(subject, await readFile(path, 'utf8'))))
  const wrong = [...names].find(
    (name) => typeof name !== 'string' || !/^\w[\w.-]{0,200}\.(safetensors|bin)$/.test(name),
  )
  if (wrong === undefined) return [...names] as string[]
  throw badIndex(subject, 'names of files beside the index', JSON.stringify(wrong).slice(0, 200))
}

function weightMap(subject: string, text: string): Record<string, unknown> {
  let index: unknown
  try {
    index = JSON.parse(text)
  } catch (cause) {
    throw badIndex(subject, 'JSON', (cause as Error).message)
  }
  const map = typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined
  if (typeof map === 'object' && map !== null && !Array.isArray(map)) return map as Record<string, unknown>
  throw badIndex(subject, 'weight_map: the file of each tensor', typeof map)
}

function badIndex(subject: string, expected: string, received: string): FormatError {
  const fix = 'get the checkpoint from a source that you trust'
  return new FormatError({ what: `${subject}: the index of the weights is not usable`, expected, received, fix })
}

/** The error for several GGUF files where one is to be read. */
export function severalGguf(subject: string, names: readonly string[]): FileError {
  return new FileError({
    what: `${subject} holds several GGUF files`,
    expected: 'one, or the option ggufFile',
    received: names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : ''),
    fix: `name one: { ggufFile: '${names[0]!}' }`,
  })
}

function lacking(subject: string, expected: string, present: ReadonlySet<string>): HubError {
  const names = [...present].sort()
  return new HubError({
    what: `${subject} lacks files that are needed`,
    expected,
    received: names.length === 0 ? 'nothing' : names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : ''),
    fix: 'use a repository that holds these files',
  })
}
