// Which files of a repository a model or a tokenizer needs.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FormatError } from '../errors.js'
import { HubError } from './errors.js'

/** Names of the weights in a model folder, the better one first: safetensors is mapped whole, and has no pickle. */
export const WEIGHT_FILES = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const

/** The files that a tokenizer is read from, the better ones first; the engine's `Tokenizer::from_folder` looks in the same order. */
const TOKENIZER_FILES: readonly (readonly string[])[] = [
  ['tokenizer.json'],
  ['vocab.json', 'merges.txt'],
  ['encoder.json', 'vocab.bpe'],
  ['vocab.txt'],
  ['spm.model'],
  ['spiece.model'],
  ['sentencepiece.bpe.model'],
  ['tokenizer.model'],
]
const BESIDE_A_TOKENIZER = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template.jinja',
  'chat_template.json',
]

/** What is wanted of a repository. */
export interface Need {
  /** The files to have, out of those that there are at the top of the repository. @throws {HubError} when it cannot be met. */
  choose(subject: string, there: ReadonlySet<string>): string[]
  /** Further files that the chosen ones name. */
  further(subject: string, folder: string, chosen: readonly string[]): Promise<string[]>
}

/** `config.json` and weights. */
export const MODEL: Need = {
  choose(subject, there) {
    const weights = WEIGHT_FILES.find((name) => there.has(name))
    if (weights !== undefined && there.has('config.json')) return ['config.json', weights]
    throw lacking(subject, `config.json and one of ${WEIGHT_FILES.join(', ')}`, there)
  },
  async further(subject, folder, chosen) {
    const index = chosen.find((name) => name.endsWith('.index.json'))
    return index === undefined ? [] : shardsOf(subject, join(folder, index))
  },
}

/** What {@link Tokenizer.fromFolder} reads. */
export const TOKENIZER: Need = {
  choose(subject, there) {
    const main = TOKENIZER_FILES.find((names) => names.every((name) => there.has(name)))
    if (main === undefined)
      throw lacking(subject, TOKENIZER_FILES.map((names) => names.join(' with ')).join(', or '), there)
    // Where a vocabulary stands alone, the kind of model says which rules go with it.
    const beside = main[0] === 'tokenizer.json' ? BESIDE_A_TOKENIZER : [...BESIDE_A_TOKENIZER, 'config.json']
    return [...main, ...beside.filter((name) => there.has(name))]
  },
  further: async () => [],
}

/** One file by its name. */
export function oneFile(name: string): Need {
  return { choose: () => [name], further: async () => [] }
}

/** The shards that an index names, each once. */
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

function lacking(subject: string, expected: string, there: ReadonlySet<string>): HubError {
  const names = [...there].sort()
  return new HubError({
    what: `${subject} lacks what is needed`,
    expected,
    received: names.length === 0 ? 'nothing' : names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : ''),
    fix: 'use a repository that holds these files',
  })
}
