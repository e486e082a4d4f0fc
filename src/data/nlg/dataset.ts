// Encoded rows as input of a model: input, target, mask and query of the paper's NLG example.
import { OptionError } from '../../errors.js'
import { checkOptions, nameClass } from '../../runtime/check-options.js'
import { bad } from '../../runtime/options.js'
import { schemas } from '../../runtime/tables.js'
import { checkIndex } from '../loader/dataset.js'
import type { Dataset } from '../loader/dataset.js'
import type { NlgExample } from './encode.js'

/** Which targets of a row count: `clm` the completion, `jlm` context and completion. */
export type NlgObjective = 'clm' | 'jlm'

/** Options of {@link NlgDataset}. */
export interface NlgDatasetOptions {
  /** Longest row; longer ones are cut at the end. @integer @minimum 2 @default 512 */
  seqLen?: number
  /** Tokens that a query leaves free for generation: its beginning is cut off beyond `seqLen − evalLen` tokens. @integer @minimum 0 @default 0 */
  evalLen?: number
  /** Which targets count. @default 'clm' */
  objective?: NlgObjective
  /** Tokens before each context, such as those of a learnt prefix; they do not count as targets. @integer @minimum 0 @default none */
  prefixTokens?: readonly number[]
  /** Tokens between context and completion; they do not count as targets. @integer @minimum 0 @default none */
  infixTokens?: readonly number[]
}

/** A row without padding, of at most `seqLen` tokens. */
export interface NlgSample {
  /** Number of the row. */
  readonly id: number
  /** Context and completion. */
  readonly input: readonly number[]
  /** The token after each token of the input, 0 for a prefix or infix token. In a row that was cut it includes one token beyond the input. */
  readonly target: readonly number[]
  /** 1 where the target counts. */
  readonly mask: readonly number[]
  /** Prefix, context and infix: the prompt of generation. */
  readonly query: readonly number[]
}

/**
 * Encoded rows as samples of the paper's NLG example. Rows longer than `seqLen` are cut at the end, with one warning that gives their number and the
 * first of them.
 *
 * @example
 * const dataset = new data.NlgDataset(await data.readEncoded('train.jsonl'), { seqLen: 512 })
 * const loader = new lora.DataLoader(dataset, { batchSize: 8, shuffle: true, seed: 110, dropLast: true, collate: data.collateNlg })
 * @throws {OptionError} for no rows, and for options out of range.
 * @see microsoft/LoRA `FT_Dataset`. Upstream fills the last batch with rows drawn once more; here it is short, or dropped by the loader.
 */
export class NlgDataset implements Dataset<NlgSample> {
  readonly seqLen: number
  readonly evalLen: number
  readonly objective: NlgObjective
  /** Rows that are longer than `seqLen`. */
  readonly cut: number
  readonly #examples: readonly NlgExample[]
  readonly #prefix: readonly number[]
  readonly #infix: readonly number[]

  constructor(examples: readonly NlgExample[], options: NlgDatasetOptions = {}) {
    const owner = 'data.NlgDataset'
    checkOptions(owner, options, schemas.NlgDatasetOptions)
    if (!Array.isArray(examples) || examples.length === 0) throw bad(owner, 'examples', 'at least one row', examples)
    this.seqLen = options.seqLen ?? 512
    this.evalLen = options.evalLen ?? 0
    if (this.evalLen >= this.seqLen) throw bad(owner, 'evalLen', `below seqLen, ${this.seqLen}`, this.evalLen)
    this.objective = options.objective ?? 'clm'
    this.#examples = examples
    this.#prefix = [...(options.prefixTokens ?? [])]
    this.#infix = [...(options.infixTokens ?? [])]
    const lengths = examples.map((example, i) => this.#lengthOf(owner, example, i))
    const long = lengths.filter((length) => length > this.seqLen).length
    this.cut = long
    if (long > 0) warnOfCut(this.seqLen, long, lengths)
  }

  get length(): number {
    return this.#examples.length
  }

  /** The longest row, in tokens, before any is cut. */
  get longest(): number {
    return this.#examples.reduce((most, example) => Math.max(most, this.#sequence(example).length), 0)
  }

  get(id: number): NlgSample {
    checkIndex(id, this.length)
    const { seqLen, evalLen } = this
    const example = this.#examples[id]!
    const query = [...this.#prefix, ...example.context, ...this.#infix]
    const input = [...query, ...example.completion].slice(0, seqLen)
    const chosen = [...this.#prefix.map(() => null), ...example.context, ...this.#infix.map(() => null)]
    const targets = [...chosen, ...example.completion].slice(1, seqLen + 1)
    // As upstream: the last position of a row that was cut does not count, though its target is known.
    const from = this.objective === 'clm' ? query.length - 1 : 0
    const mask = input.map((_, t) => (t >= from && t < input.length - 1 && targets[t] !== null ? 1 : 0))
    return { id, input, target: targets.map((token) => token ?? 0), mask, query: query.slice(-(seqLen - evalLen)) }
  }

  #sequence({ context, completion }: NlgExample): { length: number } {
    return { length: this.#prefix.length + context.length + this.#infix.length + completion.length }
  }

  #lengthOf(owner: string, example: NlgExample, i: number): number {
    for (const part of ['context', 'completion'] as const) {
      if (!Array.isArray(example?.[part]) || example[part].length === 0) {
        throw bad(owner, `examples[${i}].${part}`, 'at least one token id', example?.[part])
      }
    }
    return this.#sequence(example).length
  }
}

nameClass('NlgDataset', NlgDataset)

/**
 * Checks that rows fit a model: that it has all their ids, and as many positions as the longest has tokens (after cutting).
 * @throws {OptionError} naming the row and what does not fit.
 */
export function checkNlgFits(
  dataset: NlgDataset,
  model: { readonly maxPositions: number; readonly config: object },
): void {
  const vocabulary = Number((model.config as { vocab_size?: unknown }).vocab_size ?? Infinity)
  for (let id = 0; id < dataset.length; id++) {
    const { input } = dataset.get(id)
    const large = input.find((token) => token >= vocabulary)
    if (large !== undefined) {
      throw unfit(`row ${id + 1} holds a token that the model does not know`, {
        expected: `ids from 0 to ${vocabulary - 1}`,
        received: String(large),
        fix: 'encode the rows with the tokenizer of this model',
      })
    }
    if (input.length <= model.maxPositions) continue
    throw unfit(`row ${id + 1} is longer than the model can take`, {
      expected: `at most ${model.maxPositions} tokens`,
      received: `${input.length} tokens`,
      fix: `make the data set with seqLen: ${model.maxPositions} or less, or leave such rows out`,
    })
  }
}

function warnOfCut(seqLen: number, count: number, lengths: readonly number[]): void {
  const first = lengths.findIndex((length) => length > seqLen)
  const rows = count === 1 ? 'row is' : 'rows are'
  const text = `${count} ${rows} longer than seqLen ${seqLen} and lost the end (row ${first + 1} has ${lengths[first]} tokens)`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_ROWS_CUT' })
}

function unfit(what: string, parts: { expected: string; received: string; fix: string }): OptionError {
  return new OptionError({ what: `data.checkNlgFits: ${what}`, ...parts })
}
