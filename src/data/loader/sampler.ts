// Samplers of the caller: what a position in the data must hold of them.
import { OptionError } from '../../errors.js'
import { copyPlain } from '../../io/saved-object.js'

/** A sampler whose order changes from epoch to epoch. Its order must depend on the state that it has when an iteration begins, and on nothing else. */
export interface StatefulSampler extends Iterable<number> {
  /** What the next order depends on: plain values. */
  stateDict(): unknown
  loadStateDict(state: unknown): unknown
}

/** What a loader's state holds of its sampler. */
export interface SamplerState {
  /** The state from which the order of this epoch was drawn, or between two epochs will be drawn; absent when the sampler has none. */
  state?: unknown
  /** A check value of the order of the epoch under way; null between two epochs. */
  order: number | null
  /** Whether the sampler is neither a list nor has a state: if its order changes, a resumed run cannot know how. */
  isHidden: boolean
}

/** Checks what can be known before the first iteration. @throws {OptionError} for an iterator, and for one of the two methods without the other. */
export function checkSampler(sampler: Iterable<number>): void {
  const { next, stateDict, loadStateDict } = sampler as Partial<StatefulSampler & Iterator<number>>
  if (typeof next === 'function') {
    throw new OptionError({
      what: 'DataLoader: sampler is not usable',
      expected: 'an array, or an object that can be iterated in each epoch',
      received: 'an iterator, which gives its indices once',
      fix: 'pass [...sampler], or { *[Symbol.iterator]() { … } }',
    })
  }
  if ((typeof stateDict === 'function') === (typeof loadStateDict === 'function')) return
  throw new OptionError({
    what: 'DataLoader: sampler is not usable',
    expected: 'stateDict() and loadStateDict(state), or neither',
    received: 'one without the other',
    fix: 'add the other one, so that a run can be saved and resumed',
  })
}

/** Whether a sampler can save and load its state. */
export function isStateful(sampler: Iterable<number>): sampler is StatefulSampler {
  return typeof (sampler as Partial<StatefulSampler>).stateDict === 'function'
}

/** What to save of a sampler: `state` as of the beginning of the epoch, `order` as drawn, null between two epochs. */
export function samplerState(sampler: Iterable<number>, state: unknown, order: readonly number[] | null): SamplerState {
  const check = order === null ? null : checkValue(order)
  if (isStateful(sampler)) return { state, order: check, isHidden: false }
  return { order: check, isHidden: !isList(sampler) }
}

/** The state of a sampler now, as a copy; undefined when it has none. */
export function stateOfSampler(sampler: Iterable<number>): unknown {
  return isStateful(sampler) ? copyPlain('DataLoader: the state of the sampler', sampler.stateDict()) : undefined
}

/** Gives a sampler its saved state. A state without one is of a version that saved none: a warning says so. */
export function loadSampler(sampler: Iterable<number>, saved: SamplerState | undefined): void {
  if (saved !== undefined && isStateful(sampler) !== 'state' in saved) {
    throw new OptionError({
      what: 'DataLoader.loadStateDict: the state belongs to another loader',
      expected: `a sampler ${isStateful(sampler) ? 'with' : 'without'} a state`,
      received: `the state of one ${isStateful(sampler) ? 'without' : 'with'}`,
      fix: 'build the loader with the sampler it was saved with',
    })
  }
  if (saved === undefined ? !isList(sampler) : saved.isHidden) warnOfOrder(saved === undefined)
  if (saved !== undefined && isStateful(sampler)) sampler.loadStateDict(saved.state)
}

/** @throws {OptionError} when the order of a resumed epoch is not the one that was saved: the remaining batches would be others. */
export function checkOrder(order: readonly number[], saved: number): void {
  if (checkValue(order) === saved) return
  throw new OptionError({
    what: 'DataLoader: the sampler gives another order than in the run that is resumed',
    expected: 'the same indices in the same order',
    received: 'others',
    fix: 'give the sampler stateDict() and loadStateDict(state), and draw each order from that state',
  })
}

function warnOfOrder(isOld: boolean): void {
  const text = isOld
    ? 'the state of this loader is of an earlier version, which saved none of the sampler: it starts anew'
    : 'the sampler of this loader has no stateDict() and loadStateDict(): it starts anew'
  const detail =
    'if its order changes from epoch to epoch, the coming epochs differ from those of a run that was never stopped'
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_SAMPLER_STATE', detail })
}

/** Lists give the same order each time. */
function isList(sampler: Iterable<number>): boolean {
  return Array.isArray(sampler) || ArrayBuffer.isView(sampler) || sampler instanceof Set
}

/** FNV-1a over the indices, 32 bits of each. */
function checkValue(order: readonly number[]): number {
  let hash = 0x811c9dc5
  for (const index of order) hash = Math.imul(hash ^ index, 0x01000193) >>> 0
  return Math.imul(hash ^ order.length, 0x01000193) >>> 0
}
