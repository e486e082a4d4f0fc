// Text to token ids and back. Rules and vocabulary are in the addon; this file is their TypeScript API.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TOKENIZER, TOKENIZER_FILES } from '../hub/files.js'
import { folderOf } from '../hub/folder.js'
import type { HubOptions } from '../hub/options.js'
import { Vocabulary } from '../native/tokenizer.js'
import { checkOptions, nameClass } from '../runtime/check-options.js'
import type { GgufField } from '../io/gguf/header.js'
import { bad, checkInteger } from '../runtime/options.js'
import { schemas } from '../runtime/tables.js'
import type { BatchEncoding, BatchOptions } from './batch.js'
import { batchEncoding, rowOptions } from './batch-encoding.js'
import { chooseTemplate, renderChat } from './chat-template.js'
import type { ChatEncoding, ChatMessage, ChatTemplateOptions } from './chat-template.js'
import { NO_SETTINGS, readGgufSettings, readSettings, readSettingsAsync, writeSettings } from './tokenizer-config.js'
import type { ChatTemplates, FolderSettings, SpecialTokensMap } from './tokenizer-config.js'

/** Options of {@link Tokenizer.encode}. */
export interface EncodeOptions {
  /** Add the special tokens of the tokenizer's template, such as a begin token; GPT-2's template adds none. @default true */
  addSpecialTokens?: boolean
  /**
   * Encode special tokens that occur in the text, such as `<|endoftext|>`, as plain text. Set it for untrusted text,
   * which could otherwise end a prompt. @default false
   */
  specialAsText?: boolean
}

/** Options of {@link Tokenizer.decode}. */
export interface DecodeOptions {
  /** Omit special tokens such as `<|endoftext|>`. @default false */
  skipSpecialTokens?: boolean
}

/** Options of {@link Tokenizer.train}. */
export interface TokenizerTrainOptions {
  /** Number of tokens: special tokens, the 256 bytes and the merges. With little text the vocabulary is smaller. @integer @minimum 257 */
  vocabSize: number
  /** Special tokens; they get the first ids. Where they occur in the texts, they separate documents. @default ['<|endoftext|>'] */
  specialTokens?: readonly string[]
}

/** Ids with their offsets in the text. */
export interface Encoding {
  /** Token ids. */
  ids: number[]
  /** Token i covers `text.slice(...offsets[i])`; a token that is part of a character's bytes covers the whole character. */
  offsets: [start: number, end: number][]
  /** Whether the token is a special one. */
  special: boolean[]
}

/** Turns ids into text one at a time. The pieces joined equal the result of {@link Tokenizer.decode} for all ids. */
export interface DecodeStream {
  /**
   * The text completed by this id; empty while a character is incomplete.
   * @throws {IndexError} `ERR_LORA_INDEX` for an id that is not in the vocabulary; the stream continues without it.
   */
  push(id: number): string
  /** The rest of the text at the end: bytes that never became a character, as U+FFFD. */
  end(): string
}

/**
 * A tokenizer of the `tokenizers` library: GPT-2's byte-level BPE and everything else that a `tokenizer.json` can define, and the older files of GPT-2,
 * RoBERTa, Qwen2, BERT, DeBERTa, Llama and Gemma. Immutable. Truncation and padding in a `tokenizer.json` are ignored: they are options of
 * {@link Tokenizer.batchEncodePlus}.
 *
 * @example
 * const tokenizer = Tokenizer.fromFolder('models/base')
 * const ids = tokenizer.encode('In the beginning')
 * tokenizer.decode(ids)                                         // 'In the beginning'
 */
export class Tokenizer {
  /** The fields of `tokenizer_config.json`; empty without one. */
  readonly config: Readonly<Record<string, unknown>>
  /** The chat template, or several by name, of `tokenizer_config.json` or `chat_template.jinja`; null without one. */
  readonly chatTemplate: ChatTemplates
  readonly #vocabulary: Vocabulary
  /** Special tokens by the names of transformers: `bos_token`. */
  readonly #roles: Readonly<Record<string, string>>

  private constructor(vocabulary: Vocabulary, settings: FolderSettings = NO_SETTINGS) {
    this.#vocabulary = vocabulary
    this.config = settings.config
    this.chatTemplate = settings.chatTemplate
    const flat = vocabulary.roles()
    this.#roles = Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : [])))
  }

  /**
   * Reads the tokenizer of a folder (without other files of a tokenizer, that of its one GGUF file), of a `tokenizer.json` or GGUF file, or of a hub id such as `openai-community/gpt2`, of which only the tokenizer's files are downloaded.
   * @throws {HubError} when it cannot be downloaded; else as {@link Tokenizer.fromFolder}.
   */
  static async fromPretrained(dirOrHubId: string, options: HubOptions = {}): Promise<Tokenizer> {
    const file = typeof dirOrHubId === 'string' ? await tokenizerFile(dirOrHubId) : null
    if (file !== null) return Tokenizer.fromFileAsync(file)
    return Tokenizer.fromFolderAsync(await folderOf('Tokenizer.fromPretrained', dirOrHubId, options, TOKENIZER))
  }

  /**
   * Reads a `tokenizer.json`.
   * @throws {FileError} `ERR_LORA_FILE` when it cannot be read.
   * @throws {FormatError} `ERR_LORA_FORMAT` when it is not a tokenizer.
   */
  static fromFile(path: string): Tokenizer {
    const file = checkPath('Tokenizer.fromFile', 'path', path)
    return new Tokenizer(Vocabulary.fromFile(file))
  }

  /**
   * Reads the tokenizer of a model folder: `tokenizer.json`, else the older files. These are `vocab.json` with `merges.txt` or OpenAI's `encoder.json`
   * with `vocab.bpe` (byte-level BPE), `vocab.txt` (WordPiece), or `spm.model`, `spiece.model`, `sentencepiece.bpe.model`, `tokenizer.model`
   * (SentencePiece, unigram and BPE). Their rules depend on `tokenizer_class` in `tokenizer_config.json`, else on `model_type` in `config.json`.
   * @throws {FileError} `ERR_LORA_FILE` when the folder has none of these files.
   * @throws {FormatError} `ERR_LORA_FORMAT` when the files are not a tokenizer.
   * @throws {UnsupportedError} `ERR_LORA_UNSUPPORTED` for older files of an unknown class.
   */
  static fromFolder(folder: string): Tokenizer {
    const dir = checkPath('Tokenizer.fromFolder', 'folder', folder)
    const vocabulary = Vocabulary.fromFolder(dir)
    return new Tokenizer(vocabulary, readSettings(dir))
  }

  /**
   * Reads a byte-level BPE (GPT-2's rules) from files of its vocabulary and its merges, which may have any name.
   * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` as in {@link Tokenizer.fromFolder}.
   */
  static fromVocabAndMerges(vocab: string, merges: string): Tokenizer {
    const owner = 'Tokenizer.fromVocabAndMerges'
    const files = [checkPath(owner, 'vocab', vocab), checkPath(owner, 'merges', merges)] as const
    return new Tokenizer(Vocabulary.fromVocabAndMerges(...files))
  }

  /** As {@link Tokenizer.fromFile}, off the main thread: a large vocabulary takes a tenth of a second. Of a GGUF file, also its chat template. */
  static async fromFileAsync(path: string): Promise<Tokenizer> {
    return Tokenizer.#open([checkPath('Tokenizer.fromFileAsync', 'path', path)], false)
  }

  /** As {@link Tokenizer.fromFolder}, off the main thread. */
  static async fromFolderAsync(folder: string): Promise<Tokenizer> {
    return Tokenizer.#open([checkPath('Tokenizer.fromFolderAsync', 'folder', folder)], true)
  }

  /** As {@link Tokenizer.fromVocabAndMerges}, off the main thread. */
  static async fromVocabAndMergesAsync(vocab: string, merges: string): Promise<Tokenizer> {
    const owner = 'Tokenizer.fromVocabAndMergesAsync'
    return Tokenizer.#open([checkPath(owner, 'vocab', vocab), checkPath(owner, 'merges', merges)], false)
  }

  static async #open(paths: string[], isFolder: boolean): Promise<Tokenizer> {
    const vocabulary = await Vocabulary.open(paths, isFolder)
    if (isFolder) return new Tokenizer(vocabulary, await readSettingsAsync(paths[0]!))
    const isGguf = paths.length === 1 && /\.gguf$/i.test(paths[0]!)
    return new Tokenizer(vocabulary, isGguf ? await readGgufSettings(paths[0]!) : NO_SETTINGS)
  }

  /**
   * Trains a byte-level BPE (GPT-2's rules) on texts, off the main thread. The same texts give the same vocabulary.
   * @throws {OptionError} `ERR_LORA_OPTION` when `vocabSize` is too small for the bytes and the special tokens.
   */
  static async train(texts: Iterable<string>, options: TokenizerTrainOptions): Promise<Tokenizer> {
    const owner = 'Tokenizer.train'
    checkOptions(owner, options, schemas.TokenizerTrainOptions)
    const { vocabSize, specialTokens = ['<|endoftext|>'] } = options
    const all = checkTexts(owner, 'texts', texts)
    return new Tokenizer(await Vocabulary.train(all, vocabSize, [...specialTokens]))
  }

  /**
   * The fields that describe this tokenizer in a GGUF file, with its chat template; the vocabulary is filled up to `vocabSize`, the rows of the model's embedding.
   * `models.saveGguf` writes them.
   * @throws {UnsupportedError} for a tokenizer that llama.cpp has no name for.
   */
  ggufFields(vocabSize: number): Record<string, GgufField> {
    const size = checkInteger('Tokenizer.ggufFields', 'vocabSize', vocabSize, 1)
    const list = JSON.parse(this.#vocabulary.ggufFields(size)) as (GgufField & { key: string })[]
    const fields: Record<string, GgufField> = Object.fromEntries(
      list.map(({ key, type, value }) => [key, { type, value }]),
    )
    const text = (value: string): GgufField => ({ type: 'string', value })
    const { chatTemplate } = this
    if (typeof chatTemplate === 'string') fields['tokenizer.chat_template'] = text(chatTemplate)
    if (typeof chatTemplate !== 'object' || chatTemplate === null) return fields
    const names = Object.keys(chatTemplate).filter((name) => name !== 'default')
    if (chatTemplate['default'] !== undefined) fields['tokenizer.chat_template'] = text(chatTemplate['default'])
    fields['tokenizer.chat_templates'] = { type: 'string[]', value: names }
    for (const name of names) fields[`tokenizer.chat_template.${name}`] = text(chatTemplate[name]!)
    return fields
  }

  /** Number of tokens, added ones included; ids are below it unless a file leaves gaps. */
  get vocabSize(): number {
    return this.#vocabulary.size()
  }

  /** The special tokens, by id. */
  get specialTokens(): string[] {
    return this.#vocabulary.specialTokens()
  }

  /** The special tokens by role, as far as the files define them. */
  get specialTokensMap(): SpecialTokensMap {
    const camel = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
    return Object.fromEntries(Object.entries(this.#roles).map(([name, token]) => [camel(name), token]))
  }

  /** Id of the token that begins a text, or undefined. */
  get bosTokenId(): number | undefined {
    return this.#idOf('bos_token')
  }

  /** Id of the token that ends a text, or undefined. */
  get eosTokenId(): number | undefined {
    return this.#idOf('eos_token')
  }

  /** Id of the padding token, or undefined. */
  get padTokenId(): number | undefined {
    return this.#idOf('pad_token')
  }

  #idOf(role: string): number | undefined {
    const token = this.#roles[role]
    return token === undefined ? undefined : this.tokenToId(token)
  }

  /** Ids of a text, synchronously: about a millisecond for two pages. For longer texts use {@link Tokenizer.encodeAsync}, which does not block. */
  encode(text: string, options: EncodeOptions = {}): number[] {
    const flags = checkEncode('Tokenizer.encode', options)
    const [plain] = checkTexts('Tokenizer.encode', 'text', [text])
    return this.#vocabulary.encode(plain!, ...flags)
  }

  /** Ids of a text with their offsets in it. */
  encodeWithOffsets(text: string, options: EncodeOptions = {}): Encoding {
    const flags = checkEncode('Tokenizer.encodeWithOffsets', options)
    const [plain] = checkTexts('Tokenizer.encodeWithOffsets', 'text', [text])
    const { ids, offsets, special } = this.#vocabulary.encodeWithOffsets(plain!, ...flags)
    return { ids, offsets: ids.map((_, i) => [offsets[2 * i]!, offsets[2 * i + 1]!]), special }
  }

  /** Ids of a long text, off the main thread. */
  async encodeAsync(text: string, options: EncodeOptions = {}): Promise<Uint32Array> {
    const [ids] = await this.encodeBatch([text], options)
    return ids!
  }

  /** Ids of many texts, in their order, off the main thread and on all cores. */
  async encodeBatch(texts: Iterable<string>, options: EncodeOptions = {}): Promise<Uint32Array[]> {
    const flags = checkEncode('Tokenizer.encodeBatch', options)
    const all = checkTexts('Tokenizer.encodeBatch', 'texts', texts)
    return this.#vocabulary.encodeBatch(all, ...flags)
  }

  /**
   * Rows of a batch as models take them, truncated and padded according to the options, off the main thread and on all cores.
   * @example
   * const batch = await tokenizer.batchEncodePlus(premises, { textPair: hypotheses, padding: true, truncation: true, maxLength: 128 })
   * model.forward(batch.inputIds, { attentionMask: batch.attentionMask, tokenTypeIds: batch.tokenTypeIds })
   * @throws {OptionError} when a row cannot be truncated as requested, or there is no padding token.
   */
  async batchEncodePlus(texts: Iterable<string>, options: BatchOptions = {}): Promise<BatchEncoding> {
    const owner = 'Tokenizer.batchEncodePlus'
    const tokenToId = (token: string) => this.tokenToId(token)
    const rules = rowOptions(options, { config: this.config, padToken: this.#roles['pad_token'], tokenToId })
    const first = checkTexts(owner, 'texts', texts)
    const second = options.textPair === undefined ? null : checkTexts(owner, 'textPair', options.textPair)
    return batchEncoding(await this.#vocabulary.encodeRows(first, second, rules), options)
  }

  /**
   * A conversation in the format of the chat model: its ids, or its text with `tokenize: false`. Special tokens in the text are encoded as such, also
   * those in the messages: remove them from untrusted messages.
   * @example
   * const ids = tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true })
   * @throws {OptionError} when there is no template, when the template rejects the conversation (with its message as `received`), or fails on it.
   */
  applyChatTemplate(messages: readonly ChatMessage[], options: ChatTemplateOptions & { tokenize: false }): string
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTemplateOptions & { returnAssistantTokensMask: true },
  ): ChatEncoding
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTemplateOptions): number[]
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTemplateOptions = {},
  ): string | number[] | ChatEncoding {
    const owner = 'Tokenizer.applyChatTemplate'
    checkOptions(owner, options, schemas.ChatTemplateOptions)
    const tokenize = options.tokenize ?? true
    const isMasked = options.returnAssistantTokensMask ?? false
    if (isMasked && !tokenize) throw bad(owner, 'tokenize', 'true with returnAssistantTokensMask', tokenize)
    const template = chooseTemplate(this.chatTemplate, options)
    const { text, spans } = renderChat(messages, template, this.#roles, options)
    if (!tokenize) return text
    // The template adds special tokens itself.
    if (!isMasked) return this.encode(text, { addSpecialTokens: false })
    const { ids, offsets } = this.encodeWithOffsets(text, { addSpecialTokens: false })
    const isAssistant = ([start, end]: [number, number]) => spans.some(([from, to]) => start < to && end > from)
    return { inputIds: ids, assistantMasks: offsets.map((offset) => (isAssistant(offset) ? 1 : 0)) }
  }

  /**
   * The text of ids. Bytes that are not UTF-8 become U+FFFD.
   * @throws {IndexError} `ERR_LORA_INDEX` for an id that is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const skip = checkDecode('Tokenizer.decode', options)
    const list = Array.from(ids, (id) => checkId('Tokenizer.decode', id))
    return this.#vocabulary.decode(list, skip)
  }

  /** A stream that turns ids into text one at a time and never returns part of a character. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    const skip = checkDecode('Tokenizer.decodeStream', options)
    const stream = this.#vocabulary.decodeStream(skip)
    return {
      push(id) {
        const checked = checkId('DecodeStream.push', id)
        return stream.push(checked)
      },
      end: () => stream.finish(),
    }
  }

  /** The id of a token in the spelling of the vocabulary (a byte-level one writes a space as `Ġ`), or undefined. */
  tokenToId(token: string): number | undefined {
    const [plain] = checkTexts('Tokenizer.tokenToId', 'token', [token])
    return this.#vocabulary.tokenToId(plain!) ?? undefined
  }

  /** The token of an id in the spelling of the vocabulary, or undefined. */
  idToToken(id: number): string | undefined {
    const checked = checkId('Tokenizer.idToToken', id)
    return this.#vocabulary.idToToken(checked) ?? undefined
  }

  /** Writes `tokenizer.json` to a path, which always holds the old file or the complete new one. */
  async save(path: string): Promise<void> {
    const file = checkPath('Tokenizer.save', 'path', path)
    await this.#vocabulary.save(file)
  }

  /**
   * Writes `tokenizer.json` and, for a BPE, `vocab.json` and `merges.txt` into a folder, as GPT-2 folders have them; also `tokenizer_config.json` and
   * the chat template if the tokenizer has them.
   */
  async saveFolder(folder: string): Promise<void> {
    const dir = checkPath('Tokenizer.saveFolder', 'folder', folder)
    await this.#vocabulary.saveFolder(dir)
    await writeSettings(dir, { config: this.config, chatTemplate: this.chatTemplate }, this.#roles)
  }
}

nameClass('Tokenizer', Tokenizer)

function checkEncode(owner: string, options: EncodeOptions): [addSpecialTokens: boolean, specialAsText: boolean] {
  checkOptions(owner, options, schemas.EncodeOptions)
  return [options.addSpecialTokens ?? true, options.specialAsText ?? false]
}

function checkDecode(owner: string, options: DecodeOptions): boolean {
  checkOptions(owner, options, schemas.DecodeOptions)
  return options.skipSpecialTokens ?? false
}

function checkPath(owner: string, name: string, path: unknown): string {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return path
  throw bad(owner, name, 'a path', path)
}

function checkTexts(owner: string, name: string, texts: Iterable<unknown>): string[] {
  // A string is iterable too: as a list it would be split into characters.
  if (typeof texts === 'string') throw bad(owner, name, 'a list of texts', texts, `wrap it in a list: [${name}]`)
  return Array.from(texts, (text) => {
    if (typeof text === 'string') return text
    throw bad(owner, name, name.endsWith('s') ? 'texts' : 'a text', text)
  })
}

function checkId(owner: string, id: unknown): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < 2 ** 32) return id
  throw bad(owner, 'id', 'an integer, 0 or more', id)
}

/** The path itself if it is a file; the one GGUF file of a folder without another tokenizer. */
async function tokenizerFile(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null)
  if (found?.isFile()) return path
  if (!found?.isDirectory()) return null
  const names = await readdir(path)
  if (TOKENIZER_FILES.some((set) => set.every((name) => names.includes(name)))) return null
  const files = names.filter((name) => /\.gguf$/i.test(name))
  return files.length === 1 ? join(path, files[0]!) : null
}
