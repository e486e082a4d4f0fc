// Texts and pairs of texts as token ids, cut to what a model takes.
import { setImmediate } from 'node:timers/promises'
import { OptionError } from '../../errors.js'
import { checkInteger, checkKeys } from '../../nn/options.js'
import type { Tokenizer } from '../tokenizer.js'
import type { TextExample } from './text-task.js'

/** A row of ids. */
export interface EncodedText {
  inputIds: number[]
  /** 0 for the first text, 1 for the second one. */
  tokenTypeIds: number[]
  /** Number of the class, or the number to predict; null where nobody knows it. */
  label: number | null
}

/** Options of {@link encodeTexts}. */
export interface EncodeTextsOptions {
  /** Tokens in a row at most, special ones included; what is longer is cut at its end, of a pair the longer text first. @default 128 */
  maxLength?: number
  /** Stops the work. */
  signal?: AbortSignal | undefined
}

/** Texts that are encoded between two turns of the event loop. */
const AT_ONCE = 1024

/**
 * Ids of texts, with the special tokens that the tokenizer puts around one text; the second text of a pair follows behind its separator, which RoBERTa
 * writes twice. Texts are encoded off the main thread.
 *
 * Cuts as transformers does with `truncation=True`: the longer text of a pair is cut to the length of the other one, then both alike.
 * @throws {OptionError} when the tokenizer puts no special tokens around a text, or when `maxLength` leaves no room beside them.
 */
export async function encodeTexts(
  tokenizer: Tokenizer,
  examples: readonly TextExample[],
  options: EncodeTextsOptions = {},
): Promise<EncodedText[]> {
  checkKeys(OWNER, options, ['maxLength', 'signal'])
  const maxLength = checkInteger(OWNER, 'maxLength', options.maxLength ?? 128, 1)
  const around = specialsOf(tokenizer)
  const encoded: EncodedText[] = []
  for (let start = 0; start < examples.length; start += AT_ONCE) {
    options.signal?.throwIfAborted()
    const some = examples.slice(start, start + AT_ONCE)
    const ids = await tokenizer.encodeBatch(
      some.flatMap(({ text, pair }) => (pair === null ? [text] : [text, pair])),
      { addSpecialTokens: false },
    )
    let next = 0
    for (const { pair, label } of some) {
      const first = ids[next++]!
      encoded.push({
        ...(pair === null ? single(first, around, maxLength) : joined(first, ids[next++]!, around, maxLength)),
        label,
      })
    }
    await setImmediate()
  }
  return encoded
}

const OWNER = 'data.encodeTexts'

/** The special tokens around a text. */
interface Specials {
  before: number[]
  after: number[]
  /** What stands between the texts of a pair. */
  between: number[]
}

function specialsOf(tokenizer: Tokenizer): Specials {
  const ids = tokenizer.encode('')
  if (ids.length !== 2) throw noSpecials(ids.map((id) => tokenizer.idToToken(id) ?? String(id)))
  const [before, after] = ids as [number, number]
  const isDoubled = tokenizer.idToToken(before) === '<s>' && tokenizer.idToToken(after) === '</s>'
  return { before: [before], after: [after], between: isDoubled ? [after, after] : [after] }
}

function single(ids: Uint32Array, { before, after }: Specials, maxLength: number): Omit<EncodedText, 'label'> {
  const room = roomFor(maxLength, before.length + after.length, 1)
  const inputIds = [...before, ...ids.subarray(0, room), ...after]
  return { inputIds, tokenTypeIds: new Array<number>(inputIds.length).fill(0) }
}

function joined(
  a: Uint32Array,
  b: Uint32Array,
  { before, between, after }: Specials,
  maxLength: number,
): Omit<EncodedText, 'label'> {
  const room = roomFor(maxLength, before.length + between.length + after.length, 2)
  const [first, second] = cutLongest(a.length, b.length, room)
  const inputIds = [...before, ...a.subarray(0, first), ...between, ...b.subarray(0, second), ...after]
  // The separator belongs to the first text; of two, the first one does.
  const tokenTypeIds = inputIds.map((_, i) => (i < before.length + first + 1 ? 0 : 1))
  return { inputIds, tokenTypeIds }
}

/** How long two texts may stay when both together have room for `room` tokens. */
function cutLongest(a: number, b: number, room: number): [number, number] {
  if (a + b <= room) return [a, b]
  const [short, long] = a <= b ? [a, b] : [b, a]
  let [n, m] = [short, Math.min(long, Math.max(short, room - short))]
  if (n + m > room) [n, m] = [Math.floor(room / 2), Math.ceil(room / 2)]
  return a <= b ? [n, m] : [m, n]
}

function roomFor(maxLength: number, specials: number, texts: number): number {
  if (maxLength >= specials + texts) return maxLength - specials
  throw new OptionError({
    what: `${OWNER}: maxLength leaves no room for the texts`,
    expected: `at least ${specials + texts}: ${specials} special tokens and one of each text`,
    received: String(maxLength),
    fix: 'pass a larger maxLength',
  })
}

function noSpecials(tokens: readonly string[]): OptionError {
  return new OptionError({
    what: `${OWNER}: the tokenizer does not fit a model that labels texts`,
    expected: 'one special token before a text and one behind it, as [CLS] … [SEP]',
    received: tokens.length === 0 ? 'none' : tokens.join(' '),
    fix: 'use the tokenizer in the folder of the model',
  })
}
