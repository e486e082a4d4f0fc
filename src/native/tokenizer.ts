// Tokenizers of the engine. Results are plain arrays here; src/tokenizer turns them into those of the public API.
import type { NativeEncoded, NativeRowOptions, NativeTokenizer } from './binding.js'
import { call, callAsync } from './call.js'
import { native } from './load.js'

/** Ids with their offsets in the text. */
export type EncodedText = NativeEncoded
/** How texts become rows. */
export type RowOptions = NativeRowOptions

/** Turns ids into text one at a time. */
export interface TextStream {
  /** The text completed by this id; empty while a character is incomplete. */
  push(id: number): string
  /** The rest of the text at the end. */
  finish(): string
}

/** A vocabulary with its rules; immutable. */
export class Vocabulary {
  readonly #native: NativeTokenizer

  private constructor(handle: NativeTokenizer) {
    this.#native = handle
  }

  /** Reads a tokenizer.json. */
  static fromFile(path: string): Vocabulary {
    return new Vocabulary(call(() => native.NativeTokenizer.fromFile(path)))
  }

  /** Reads the tokenizer of a model folder. */
  static fromFolder(folder: string): Vocabulary {
    return new Vocabulary(call(() => native.NativeTokenizer.fromFolder(folder)))
  }

  /** Reads GPT-2's vocabulary and merges. */
  static fromVocabAndMerges(vocab: string, merges: string): Vocabulary {
    return new Vocabulary(call(() => native.NativeTokenizer.fromVocabAndMerges(vocab, merges)))
  }

  /** Reads off the main thread: one path to a file or a folder, or the paths of vocabulary and merges. */
  static async open(paths: string[], isFolder: boolean): Promise<Vocabulary> {
    return new Vocabulary(await callAsync(() => native.NativeTokenizer.open(paths, isFolder)))
  }

  /** Trains a byte-level BPE. */
  static async train(texts: string[], vocabSize: number, specialTokens: string[]): Promise<Vocabulary> {
    return new Vocabulary(await callAsync(() => native.NativeTokenizer.train(texts, vocabSize, specialTokens)))
  }

  /** Number of tokens. */
  size(): number {
    return call(() => this.#native.vocabSize())
  }

  /** Texts of the special tokens, by id. */
  specialTokens(): string[] {
    return call(() => this.#native.specialTokens())
  }

  /** The roles of the special tokens: role and token in turn. */
  roles(): string[] {
    return call(() => this.#native.roles())
  }

  /** The id of a token. */
  tokenToId(token: string): number | null {
    return call(() => this.#native.tokenToId(token))
  }

  /** The token of an id. */
  idToToken(id: number): string | null {
    return call(() => this.#native.idToToken(id))
  }

  /** Ids of a short text, at once. */
  encode(text: string, addSpecialTokens: boolean, specialAsText: boolean): number[] {
    return call(() => this.#native.encode(text, addSpecialTokens, specialAsText))
  }

  /** Ids of a short text with their offsets. */
  encodeWithOffsets(text: string, addSpecialTokens: boolean, specialAsText: boolean): EncodedText {
    return call(() => this.#native.encodeWithOffsets(text, addSpecialTokens, specialAsText))
  }

  /** Ids of each text, off the main thread. */
  encodeBatch(texts: string[], addSpecialTokens: boolean, specialAsText: boolean): Promise<Uint32Array[]> {
    return callAsync(() => this.#native.encodeBatch(texts, addSpecialTokens, specialAsText))
  }

  /**
   * Rows of a batch, off the main thread: lengths, ids, types, attention mask, special-tokens mask, start and end offset of each token in turn, and
   * the text of each row.
   */
  encodeRows(texts: string[], pairs: string[] | null, options: RowOptions): Promise<Uint32Array[]> {
    return callAsync(() => this.#native.encodeRows(texts, pairs, options))
  }

  /** The text of ids. */
  decode(ids: number[], skipSpecialTokens: boolean): string {
    return call(() => this.#native.decode(ids, skipSpecialTokens))
  }

  decodeStream(skipSpecialTokens: boolean): TextStream {
    const stream = call(() => this.#native.decodeStream(skipSpecialTokens))
    return { push: (id) => call(() => stream.push(id)), finish: () => call(() => stream.finish()) }
  }

  /** The fields that describe it in a GGUF file, as JSON, with a vocabulary filled up to `size` tokens. */
  ggufFields(size: number): string {
    return call(() => this.#native.ggufFields(size))
  }

  /** Writes tokenizer.json to a path. */
  save(path: string): Promise<void> {
    return callAsync(() => this.#native.save(path))
  }

  /** Writes tokenizer.json, vocab.json and merges.txt into a folder. */
  saveFolder(folder: string): Promise<void> {
    return callAsync(() => this.#native.saveFolder(folder))
  }
}
