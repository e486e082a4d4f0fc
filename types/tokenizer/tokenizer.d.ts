// Generated from src/tokenizer/tokenizer.ts by `npm run api`. Do not edit.

import type { HubOptions } from '../hub/options.js'
import type { BatchEncoding, BatchOptions } from './batch.js'
import type { ChatEncoding, ChatMessage, ChatTemplateOptions } from './chat-template.js'
import type { ChatTemplates, SpecialTokensMap } from './tokenizer-config.js'
/** How text becomes ids. */
export interface EncodeOptions {
  /** Adds what the tokenizer's own template adds, such as a begin token; GPT-2's template adds nothing. @default true */
  addSpecialTokens?: boolean
  /**
   * Reads special tokens that occur in the text, such as `<|endoftext|>`, as plain text. Set it for text from strangers,
   * who could otherwise end a prompt. @default false
   */
  specialAsText?: boolean
}
/** How ids become text. */
export interface DecodeOptions {
  /** Leaves special tokens such as `<|endoftext|>` out. @default false */
  skipSpecialTokens?: boolean
}
/** Options of {@link Tokenizer.train}. */
export interface TokenizerTrainOptions {
  /** Number of tokens: special tokens, the 256 bytes and the merges. With little text it stays smaller. @integer @minimum 257 */
  vocabSize: number
  /** They get the first ids; where they occur in the texts they are borders between documents. @default ['<|endoftext|>'] */
  specialTokens?: readonly string[]
}
/** Ids with the places in the text that they come from. */
export interface Encoding {
  /** Token ids. */
  ids: number[]
  /** `text.slice(...offsets[i])` is what token i covers; part of a character's bytes covers the whole character. */
  offsets: [start: number, end: number][]
  /** Whether the token is a special one. */
  special: boolean[]
}
/** Turns ids into text one at a time. The pieces joined are what {@link Tokenizer.decode} gives for all of them. */
export interface DecodeStream {
  /**
   * The text that this id completes; empty while a character is not complete.
   * @throws {IndexError} `ERR_LORA_INDEX` for an id that the vocabulary lacks; the stream goes on without it.
   */
  push(id: number): string
  /** What is left at the end: bytes that never became a character, as U+FFFD. */
  end(): string
}
/**
 * A tokenizer of the `tokenizers` library: GPT-2's byte-level BPE and everything else that a `tokenizer.json` can hold, and the older files of GPT-2,
 * RoBERTa, Qwen2, BERT, DeBERTa, Llama and Gemma. Immutable. Truncation and padding written in a `tokenizer.json` are ignored:
 * {@link Tokenizer.batchEncodePlus} is told what to do.
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
   * Reads the tokenizer of a folder, or of a hub id such as `openai-community/gpt2`, which is downloaded first; only its own files are.
   * @throws {HubError} when it cannot be had; else as {@link Tokenizer.fromFolder}.
   */
  static fromPretrained(dirOrHubId: string, options?: HubOptions): Promise<Tokenizer>
  /**
   * Reads a `tokenizer.json`.
   * @throws {FileError} `ERR_LORA_FILE` when it cannot be read.
   * @throws {FormatError} `ERR_LORA_FORMAT` when it is no tokenizer.
   */
  static fromFile(path: string): Tokenizer
  /**
   * Reads the tokenizer of a model folder: `tokenizer.json`, else the older files. These are `vocab.json` with `merges.txt` or OpenAI's `encoder.json`
   * with `vocab.bpe` (byte-level BPE), `vocab.txt` (WordPiece), or `spm.model`, `spiece.model`, `sentencepiece.bpe.model`, `tokenizer.model`
   * (SentencePiece, unigram and BPE). `tokenizer_class` in `tokenizer_config.json`, else `model_type` in `config.json`, says which rules go with them.
   * @throws {FileError} `ERR_LORA_FILE` when the folder holds none of them.
   * @throws {FormatError} `ERR_LORA_FORMAT` when the files are no tokenizer.
   * @throws {UnsupportedError} `ERR_LORA_UNSUPPORTED` for older files of a class whose rules are not known.
   */
  static fromFolder(folder: string): Tokenizer
  /**
   * Reads GPT-2's byte-level BPE from its vocabulary and its merges, whatever the two files are called.
   * @throws {FileError} `ERR_LORA_FILE`, {FormatError} `ERR_LORA_FORMAT` as in {@link Tokenizer.fromFolder}.
   */
  static fromVocabAndMerges(vocab: string, merges: string): Tokenizer
  /** As {@link Tokenizer.fromFile}, off the main thread: a large vocabulary takes a tenth of a second. */
  static fromFileAsync(path: string): Promise<Tokenizer>
  /** As {@link Tokenizer.fromFolder}, off the main thread. */
  static fromFolderAsync(folder: string): Promise<Tokenizer>
  /** As {@link Tokenizer.fromVocabAndMerges}, off the main thread. */
  static fromVocabAndMergesAsync(vocab: string, merges: string): Promise<Tokenizer>
  /**
   * Learns a byte-level BPE (GPT-2's rules) from texts, off the main thread. The same texts give the same vocabulary.
   * @throws {OptionError} `ERR_LORA_OPTION` when `vocabSize` leaves no room for the bytes and the special tokens.
   */
  static train(texts: Iterable<string>, options: TokenizerTrainOptions): Promise<Tokenizer>
  /** Number of tokens, added ones included; ids lie below it unless a file leaves gaps. */
  get vocabSize(): number
  /** The special tokens, by id. */
  get specialTokens(): string[]
  /** What each special token is for, as far as the files say. */
  get specialTokensMap(): SpecialTokensMap
  /** Id of the token that begins a text, or undefined. */
  get bosTokenId(): number | undefined
  /** Id of the token that ends a text, or undefined. */
  get eosTokenId(): number | undefined
  /** Id of the token that fills short rows, or undefined. */
  get padTokenId(): number | undefined
  /** Ids of a text, at once: about a millisecond for two pages. For longer ones use {@link Tokenizer.encodeAsync}, which leaves the event loop free. */
  encode(text: string, options?: EncodeOptions): number[]
  /** Ids of a text with the places that they come from. */
  encodeWithOffsets(text: string, options?: EncodeOptions): Encoding
  /** Ids of a long text, off the main thread. */
  encodeAsync(text: string, options?: EncodeOptions): Promise<Uint32Array>
  /** Ids of many texts in their order, off the main thread and on all cores. */
  encodeBatch(texts: Iterable<string>, options?: EncodeOptions): Promise<Uint32Array[]>
  /**
   * Rows of a batch as models take them, cut and padded as asked, off the main thread and on all cores.
   * @example
   * const batch = await tokenizer.batchEncodePlus(premises, { textPair: hypotheses, padding: true, truncation: true, maxLength: 128 })
   * model.forward(batch.inputIds, { attentionMask: batch.attentionMask, tokenTypeIds: batch.tokenTypeIds })
   * @throws {OptionError} when a row cannot be cut as asked, or there is no token to pad with.
   */
  batchEncodePlus(texts: Iterable<string>, options?: BatchOptions): Promise<BatchEncoding>
  /**
   * A conversation as the model was trained to read it: its ids, or its text with `tokenize: false`. Special tokens in the text are read as such, those
   * in the messages too: take them out of what strangers write.
   * @example
   * const ids = tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello' }], { addGenerationPrompt: true })
   * @throws {OptionError} when there is no template, when the template refuses the conversation (with its message as `received`), or fails on it.
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
   * The text of ids. Bytes that are no UTF-8 become U+FFFD.
   * @throws {IndexError} `ERR_LORA_INDEX` for an id that the vocabulary lacks.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string
  /** A stream that turns ids into text while they come, without ever showing part of a character. */
  decodeStream(options?: DecodeOptions): DecodeStream
  /** The id of a token as the vocabulary spells it (a byte-level one writes a space as `Ġ`), or undefined. */
  tokenToId(token: string): number | undefined
  /** The token of an id as the vocabulary spells it, or undefined. */
  idToToken(id: number): string | undefined
  /** Writes `tokenizer.json` to a path: the old file or the whole new one is there, never half of it. */
  save(path: string): Promise<void>
  /**
   * Writes `tokenizer.json` and, for a BPE, `vocab.json` and `merges.txt` into a folder, as GPT-2 folders have them; `tokenizer_config.json` and the
   * chat template where the tokenizer has them.
   */
  saveFolder(folder: string): Promise<void>
}
