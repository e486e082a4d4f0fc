// Generated from src/tokenizer/tokenizer.ts by `npm run api`. Do not edit.

import type { HubOptions } from '../hub/options.js'
import type { GgufField } from '../io/gguf/header.js'
import type { BatchEncoding, BatchOptions } from './batch.js'
import type { ChatEncoding, ChatMessage, ChatTemplateOptions } from './chat-template.js'
import type { ChatTemplates, SpecialTokensMap } from './tokenizer-config.js'
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
export declare class Tokenizer {
  #private
  /** The fields of `tokenizer_config.json`; empty without one. */
  readonly config: Readonly<Record<string, unknown>>
  /** The chat template, or several by name, of `tokenizer_config.json` or `chat_template.jinja`; null without one. */
  readonly chatTemplate: ChatTemplates
  private constructor()
  /**
   * Reads the tokenizer of a folder (without other files of a tokenizer, that of its one GGUF file), of a `tokenizer.json` or GGUF file, or of a hub id such as `openai-community/gpt2`, of which only the tokenizer's files are downloaded.
   * @throws {HubError} when it cannot be downloaded; else as {@link Tokenizer.fromFolder}.
   */
  static fromPretrained(dirOrHubId: string, options?: HubOptions): Promise<Tokenizer>
  /**
   * Reads a `tokenizer.json`.
   * @throws {FileError} `ERR_LORA_FILE` when it cannot be read.
   * @throws {FormatError} `ERR_LORA_FORMAT` when it is not a tokenizer.
   */
  static fromFile(path: string): Tokenizer
  /**
   * Reads the tokenizer of a model folder: `tokenizer.json`, else the older files. These are `vocab.json` with `merges.txt` or OpenAI's `encoder.json`
   * with `vocab.bpe` (byte-level BPE), `vocab.txt` (WordPiece), or `spm.model`, `spiece.model`, `sentencepiece.bpe.model`, `tokenizer.model`
   * (SentencePiece, unigram and BPE). Their rules depend on `tokenizer_class` in `tokenizer_config.json`, else on `model_type` in `config.json`.
   * @throws {FileError} `ERR_LORA_FILE` when the folder has none of these files.
   * @throws {FormatError} `ERR_LORA_FORMAT` when the files are not a tokenizer.
   * @throws {UnsupportedError} `ERR_LORA_UNSUPPORTED` for older files of an unknown class.
   */
  static fromFolder(folder: string): Tokenizer
  /**
   * Reads a byte-level BPE (GPT-2's rules) from files of its vocabulary and its merges, which may have any name.
   * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` as in {@link Tokenizer.fromFolder}.
   */
  static fromVocabAndMerges(vocab: string, merges: string): Tokenizer
  /** As {@link Tokenizer.fromFile}, off the main thread: a large vocabulary takes a tenth of a second. Of a GGUF file, also its chat template. */
  static fromFileAsync(path: string): Promise<Tokenizer>
  /** As {@link Tokenizer.fromFolder}, off the main thread. */
  static fromFolderAsync(folder: string): Promise<Tokenizer>
  /** As {@link Tokenizer.fromVocabAndMerges}, off the main thread. */
  static fromVocabAndMergesAsync(vocab: string, merges: string): Promise<Tokenizer>
  /**
   * Trains a byte-level BPE (GPT-2's rules) on texts, off the main thread. The same texts give the same vocabulary.
   * @throws {OptionError} `ERR_LORA_OPTION` when `vocabSize` is too small for the bytes and the special tokens.
   */
  static train(texts: Iterable<string>, options: TokenizerTrainOptions): Promise<Tokenizer>
  /**
   * The fields that describe this tokenizer in a GGUF file, with its chat template; the vocabulary is filled up to `vocabSize`, the rows of the model's embedding.
   * `models.saveGguf` writes them.
   * @throws {UnsupportedError} for a tokenizer that llama.cpp has no name for.
   */
  ggufFields(vocabSize: number): Record<string, GgufField>
  /** Number of tokens, added ones included; ids are below it unless a file leaves gaps. */
  get vocabSize(): number
  /** The special tokens, by id. */
  get specialTokens(): string[]
  /** The special tokens by role, as far as the files define them. */
  get specialTokensMap(): SpecialTokensMap
  /** Id of the token that begins a text, or undefined. */
  get bosTokenId(): number | undefined
  /** Id of the token that ends a text, or undefined. */
  get eosTokenId(): number | undefined
  /** Id of the padding token, or undefined. */
  get padTokenId(): number | undefined
  /** Ids of a text, synchronously: about a millisecond for two pages. For longer texts use {@link Tokenizer.encodeAsync}, which does not block. */
  encode(text: string, options?: EncodeOptions): number[]
  /** Ids of a text with their offsets in it. */
  encodeWithOffsets(text: string, options?: EncodeOptions): Encoding
  /** Ids of a long text, off the main thread. */
  encodeAsync(text: string, options?: EncodeOptions): Promise<Uint32Array>
  /** Ids of many texts, in their order, off the main thread and on all cores. */
  encodeBatch(texts: Iterable<string>, options?: EncodeOptions): Promise<Uint32Array[]>
  /**
   * Rows of a batch as models take them, truncated and padded according to the options, off the main thread and on all cores.
   * @example
   * const batch = await tokenizer.batchEncodePlus(premises, { textPair: hypotheses, padding: true, truncation: true, maxLength: 128 })
   * model.forward(batch.inputIds, { attentionMask: batch.attentionMask, tokenTypeIds: batch.tokenTypeIds })
   * @throws {OptionError} when a row cannot be truncated as requested, or there is no padding token.
   */
  batchEncodePlus(texts: Iterable<string>, options?: BatchOptions): Promise<BatchEncoding>
  /**
   * A conversation in the format of the chat model: its ids, or its text with `tokenize: false`. Special tokens in the text are encoded as such, also
   * those in the messages: remove them from untrusted messages.
   * @example
   * const ids = tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true })
   * @throws {OptionError} when there is no template, when the template rejects the conversation (with its message as `received`), or fails on it.
   */
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTemplateOptions & {
      tokenize: false
    },
  ): string
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTemplateOptions & {
      returnAssistantTokensMask: true
    },
  ): ChatEncoding
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTemplateOptions): number[]
  /**
   * The text of ids. Bytes that are not UTF-8 become U+FFFD.
   * @throws {IndexError} `ERR_LORA_INDEX` for an id that is not in the vocabulary.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string
  /** A stream that turns ids into text one at a time and never returns part of a character. */
  decodeStream(options?: DecodeOptions): DecodeStream
  /** The id of a token in the spelling of the vocabulary (a byte-level one writes a space as `Ġ`), or undefined. */
  tokenToId(token: string): number | undefined
  /** The token of an id in the spelling of the vocabulary, or undefined. */
  idToToken(id: number): string | undefined
  /** Writes `tokenizer.json` to a path, which always holds the old file or the complete new one. */
  save(path: string): Promise<void>
  /**
   * Writes `tokenizer.json` and, for a BPE, `vocab.json` and `merges.txt` into a folder, as GPT-2 folders have them; also `tokenizer_config.json` and
   * the chat template if the tokenizer has them.
   */
  saveFolder(folder: string): Promise<void>
}
