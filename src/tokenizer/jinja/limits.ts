// How much a template may do. Templates come with models, so from strangers: one that runs for ever or fills the memory ends with an error. What a template of a
// real model does for a conversation of thousands of messages stays far below.
import { TemplateError } from './values.js'

/** Nodes that are run, values that are compared or printed, elements that are gone through, and pieces of texts that are read. */
const MOST_STEPS = 10_000_000
/** Characters of a text that are read in one step. */
export const PIECE = 64
/** Characters of one text, elements of one list. */
const MOST_LENGTH = 4_000_000
/** Characters and elements that all operations make. */
const MOST_MADE = 100_000_000
/** Bits of an integer. */
const MOST_BITS = 100_000

// Of the template that runs: running is synchronous, and no template runs another.
let [steps, made] = [0, 0]

/** Begins the run of a template. */
export function startCounting(): void {
  ;[steps, made] = [0, 0]
}

/** Counts steps. @throws {TemplateError} when there were too many. */
export function countSteps(more: number): void {
  steps += more
  if (steps > MOST_STEPS) throw new TemplateError(`the template takes more than ${MOST_STEPS} steps`)
}

/** Counts the size of something that was made, or is about to be. @throws {TemplateError} when it is too much. */
export function countMade(size: number): void {
  if (size > MOST_LENGTH)
    throw new TemplateError(`the template makes a text or list of more than ${MOST_LENGTH} elements`)
  made += size
  if (made > MOST_MADE) throw new TemplateError(`the template makes more than ${MOST_MADE} characters in all`)
}

/** `text` a number of times. */
export function repeated(text: string, times: number): string {
  countMade(text.length * times)
  return text.repeat(times)
}

/** An integer within bounds. */
export function checkBits(bits: number): void {
  if (bits > MOST_BITS) throw new TemplateError(`the template makes an integer of more than ${MOST_BITS} bits`)
}
