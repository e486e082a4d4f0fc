// The input of every corpus metric, and its checks.
import { OptionError } from '../errors.js'
import { show } from '../runtime/options.js'

export { aborted, eachItem } from '../runtime/pace.js'

/** The references of each segment: a text, or several. */
export type References = readonly (string | readonly string[])[]

/** Options of every metric over a corpus. */
export interface CorpusOptions {
  /** Stops at the next pause, with an `AbortedError`. @default none */
  signal?: AbortSignal
}

/** One output with its references. */
export interface Segment {
  hypothesis: string
  /** At least one. */
  references: readonly string[]
}

/**
 * Pairs each output with its references.
 * @throws {OptionError} `ERR_LORA_OPTION` when the lists have different lengths, are empty, or contain something other than text.
 */
export function checkCorpus(owner: string, hypotheses: readonly string[], references: References): Segment[] {
  if (!Array.isArray(hypotheses)) throw wrong(owner, 'hypotheses', 'a list of texts', hypotheses)
  if (!Array.isArray(references))
    throw wrong(owner, 'references', 'a list with the references of each output', references)
  if (hypotheses.length !== references.length) {
    throw new OptionError({
      what: `${owner}: outputs and references do not match in number`,
      expected: `references of ${hypotheses.length} outputs`,
      received: `references of ${references.length}`,
      fix: 'pass one text or one list of texts per output, in the same order',
    })
  }
  if (hypotheses.length === 0) throw wrong(owner, 'hypotheses', 'at least one output', hypotheses)
  return hypotheses.map((hypothesis, i) => checkSegment(owner, hypothesis, references[i], i))
}

/** One segment; `at` names it in errors. */
export function checkSegment(owner: string, hypothesis: unknown, references: unknown, at?: number): Segment {
  const index = at === undefined ? '' : `[${at}]`
  if (typeof hypothesis !== 'string')
    throw wrong(owner, at === undefined ? 'hypothesis' : `hypotheses${index}`, 'a text', hypothesis)
  const list: unknown[] = Array.isArray(references) ? references : [references]
  if (list.length === 0) throw wrong(owner, `references${index}`, 'at least one reference', references)
  for (const [k, reference] of list.entries()) {
    if (typeof reference !== 'string') throw wrong(owner, `references${index}[${k}]`, 'a text', reference)
  }
  return { hypothesis, references: list as string[] }
}

function wrong(owner: string, name: string, expected: string, received: unknown): OptionError {
  return new OptionError({
    what: `${owner}: ${name} is not usable`,
    expected: `${name}: ${expected}`,
    received: show(received),
    fix: `pass ${expected}`,
  })
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Sums lists of equal length, element by element. */
export function sumLists(lists: readonly (readonly number[])[]): number[] {
  return lists[0]!.map((_, i) => lists.reduce((sum, list) => sum + list[i]!, 0))
}
