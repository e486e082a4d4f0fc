// What a run depends on besides its model, optimizer, schedule and loader: generators, streams, and objects of the caller that have a state.
import { OptionError } from '../errors.js'
import type { Module } from '../nn/module.js'
import { Generator } from '../runtime/random.js'
import { Stream } from '../runtime/stream.js'
import { usedSince, usesSoFar } from '../runtime/uses.js'

/** Something whose state a checkpoint can hold: plain values and tensors, such as early stopping, an average of the weights, or a second optimizer. */
export interface HasStateDict {
  stateDict(): unknown
  loadStateDict(state: unknown): unknown
}

/** What a checkpoint holds under a name of the caller's; of a generator or a stream, seed and position. */
export type Stateful = Generator | Stream | HasStateDict

/** All that has a state in a run, by name: what the caller names, and the generators and streams in fields of the model's modules. */
export function statefulOf(model: Module, named: Readonly<Record<string, Stateful>> = {}): Map<string, Stateful> {
  const all = new Map(Object.entries(named))
  for (const [name, each] of all) if (!isStateful(each)) throw notStateful(name, each)
  const known = new Set<unknown>(all.values())
  for (const [name, source] of sourcesIn(model)) {
    if (known.has(source)) continue
    known.add(source)
    all.set(name, source)
  }
  return all
}

/** The state of each, as it is now. */
export function stateOf(each: Stateful): unknown {
  if (each instanceof Generator) return each.getState()
  return each instanceof Stream ? each.getRngState() : each.stateDict()
}

/** Gives one its state back. */
export function restore(each: Stateful, state: unknown): void {
  if (each instanceof Generator) each.setState(state as number[])
  else if (each instanceof Stream) each.setRngState(state as number[])
  else each.loadStateDict(state)
}

/** For each model, the moment from which its run is watched: its start, or the last checkpoint. */
const watchedSince = new WeakMap<Module, number>()
const warned = new WeakSet<Module>()

/** Begins to watch which generators and streams a run draws from. */
export function watchRun(model: Module): void {
  watchedSince.set(model, usesSoFar())
}

/** Warns, once for each model, of generators and streams that its run has drawn from and that its checkpoints do not hold. Watches it from now on. */
export function warnOfStrays(model: Module, held: ReadonlyMap<string, Stateful>): void {
  const since = watchedSince.get(model)
  watchRun(model)
  // Before its first checkpoint it is not known where a loop of the caller's began: a generator may have made the first weights.
  if (since === undefined || warned.has(model)) return
  const known = new Set<unknown>(held.values())
  const strays = usedSince(since).filter((source) => !known.has(source) && hasDrawn(source))
  if (strays.length === 0) return
  warned.add(model)
  const generators = strays.filter((source) => source instanceof Generator).length
  const text = `this run draws from ${generators} generators and ${strays.length - generators} streams that its checkpoints do not hold`
  const detail =
    'name them in stateful, { noise: generator }, or keep them in fields of the model; a resumed run would draw other numbers'
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_INCOMPLETE', detail })
}

/** Generators and streams in the fields of modules, directly or in a list, under the path of the module and the field. */
function* sourcesIn(model: Module): Iterable<[name: string, source: Generator | Stream]> {
  for (const [path, module] of model.namedModules()) {
    for (const [field, value] of Object.entries(module)) {
      const items = Array.isArray(value)
        ? value.map((item, i) => [`${field}.${i}`, item] as const)
        : [[field, value] as const]
      for (const [name, item] of items) {
        const isSource = item instanceof Generator || (item instanceof Stream && !item.closed)
        if (isSource) yield [`model:${path === '' ? name : `${path}.${name}`}`, item]
      }
    }
  }
}

/** A stream that was run without drawing from it has nothing to hold. */
function hasDrawn(source: object): boolean {
  if (!(source instanceof Stream)) return true
  return (
    !source.closed &&
    source
      .getRngState()
      .slice(2)
      .some((half) => half > 0)
  )
}

function isStateful(value: unknown): value is Stateful {
  if (value instanceof Generator || value instanceof Stream) return true
  const { stateDict, loadStateDict } = (value ?? {}) as Partial<HasStateDict>
  return typeof stateDict === 'function' && typeof loadStateDict === 'function'
}

function notStateful(name: string, received: unknown): OptionError {
  return new OptionError({
    what: `stateful.${name} has no state that could be saved`,
    expected: 'a Generator, a Stream, or an object with stateDict() and loadStateDict(state)',
    received: typeof received === 'object' && received !== null ? `a ${received.constructor?.name}` : String(received),
    fix: 'give it these two methods; the state may hold plain values and tensors',
  })
}
