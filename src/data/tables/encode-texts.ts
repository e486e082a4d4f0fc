// Texts and pairs of texts as token ids, truncated to the length of the model.
import { checkOptions } from '../../runtime/check-options.js'
import { throwIfAborted } from '../../runtime/pace.js'
import { schemas } from '../../runtime/tables.js'
import { setImmediate } from 'node:timers/promises'
import { OptionError } from '../../errors.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { TextExample } from './text-task.js'

/** A row of ids. */
export interface EncodedText {
  inputIds: number[]
  /** 0 for the first text, 1 for the second one. */
  tokenTypeIds: number[]
  /** Index of the class, or the number to predict; null where it is unknown. */
  label: number | null
}

/** Options of {@link encodeTexts}. */
export interface EncodeTextsOptions {
  /** Most tokens in a row, special ones included; longer rows are cut at the end, of a pair the longer text first. @integer @minimum 1 @default 128 */
  maxLength?: number
  /** Stops before the next texts; the promise rejects with an `AbortedError` whose cause is the signal's reason. @default none */
  signal?: AbortSignal | undefined
}

/** Texts that are encoded between two turns of the event loop. */
const AT_ONCE = 1024

/**
 * Ids of texts, in the tokenizer's template for one text or for two. Texts are encoded off the main thread, and truncated as transformers does
 * with `truncation=True`: the longer text of a pair to the length of the other one, then both equally.
 * @throws {OptionError} when the tokenizer puts no special tokens around a text, or when `maxLength` is too small for them.
 */
export async function encodeTexts(
  tokenizer: Tokenizer,
  examples: readonly TextExample[],
  options: EncodeTextsOptions = {},
): Promise<EncodedText[]> {
  checkOptions(OWNER, options, schemas.EncodeTextsOptions)
  const { maxLength = 128 } = options
  checkTemplate(tokenizer)
  const rows = new Array<EncodedText>(examples.length)
  const indices = [...examples.keys()]
  const singles = indices.filter((i) => examples[i]!.pair === null)
  const pairs = indices.filter((i) => examples[i]!.pair !== null)
  if (singles.length > 0) await checkMaxLength(tokenizer, maxLength, 1)
  if (pairs.length > 0) await checkMaxLength(tokenizer, maxLength, 2)
  for (const some of [...inParts(singles), ...inParts(pairs)]) {
    throwIfAborted(options.signal)
    const texts = some.map((i) => examples[i]!.text)
    const seconds = some.flatMap((i) => examples[i]!.pair ?? [])
    const batch = await tokenizer.batchEncodePlus(texts, {
      ...(seconds.length > 0 && { textPair: seconds }),
      ...{ truncation: true, maxLength },
    })
    for (const [k, i] of some.entries()) {
      const { label } = examples[i]!
      rows[i] = { inputIds: batch.inputIds[k]!, tokenTypeIds: batch.tokenTypeIds[k]!, label }
    }
    await setImmediate()
  }
  return rows
}

const OWNER = 'data.encodeTexts'

function* inParts(indices: readonly number[]): Generator<number[]> {
  for (let start = 0; start < indices.length; start += AT_ONCE) yield indices.slice(start, start + AT_ONCE)
}

/** A classifier reads its answer from a special token. */
function checkTemplate(tokenizer: Tokenizer): void {
  const tokens = Array.from(tokenizer.encode(''), (id) => tokenizer.idToToken(id) ?? String(id))
  if (tokens.length === 2) return
  throw new OptionError({
    what: `${OWNER}: the tokenizer does not fit a text classifier`,
    expected: 'one special token before a text and one after it, as [CLS] … [SEP]',
    received: tokens.length === 0 ? 'none' : tokens.join(' '),
    fix: 'use the tokenizer in the folder of the model',
  })
}

/** Each text keeps at least one token. */
async function checkMaxLength(tokenizer: Tokenizer, maxLength: number, texts: 1 | 2): Promise<void> {
  const { inputIds } = await tokenizer.batchEncodePlus([''], texts === 2 ? { textPair: [''] } : {})
  const specials = inputIds[0]!.length
  if (maxLength >= specials + texts) return
  throw new OptionError({
    what: `${OWNER}: maxLength is too small for the texts`,
    expected: `at least ${specials + texts}: ${specials} special tokens and one of each text`,
    received: String(maxLength),
    fix: 'pass a larger maxLength',
  })
}
