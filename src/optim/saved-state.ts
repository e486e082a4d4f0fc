// Checks of a saved optimizer state, made before anything of it is loaded.
import { bad } from '../runtime/options.js'
import { Tensor } from '../tensor/tensor.js'

type Entry = Record<string, Tensor | number>

/** The state of an optimizer in PyTorch's structure: parameters are numbered across all groups. */
export type OptimizerState = {
  /** By the number of a parameter: its step count and its moments. */
  state: Record<string, Record<string, Tensor | number>>
  /** The options of each group, and the numbers of its parameters. */
  param_groups: ({ params: number[] } & Record<string, unknown>)[]
}

/** A checked state: the options of each group, and for each parameter its step and its other entries by name. */
export interface ReadState {
  groups: OptimizerState['param_groups']
  entries: ({ step: number; rest: Entry } | undefined)[]
}

/**
 * Converts the state of a PyTorch optimizer, as `load` reads it from a file written by `torch.save`, to the form that `loadStateDict` takes: in such a
 * file the step is a tensor, and the state is a Map with the numbers of the parameters as keys.
 *
 * @example
 * const { optimizer: saved } = await lora.load<lora.TorchObject>('checkpoint.pt')
 * optimizer.loadStateDict(await lora.optim.stateFromTorch(saved))
 * @throws {OptionError} when the value is not an optimizer state.
 */
export async function stateFromTorch(saved: unknown): Promise<OptimizerState> {
  const { state, groups } = partsOf('optim.stateFromTorch', saved)
  const entries = state instanceof Map ? [...state] : Object.entries(state)
  const read = entries.map(async ([number, entry]) => {
    if (!isRecord(entry)) throw bad('optim.stateFromTorch', 'state', 'step and moments of a parameter', entry)
    // PyTorch's SGD saves no step count. A saved momentum means that there was at least one step.
    const { step = 1 } = entry
    return [String(number), { ...entry, step: step instanceof Tensor ? Number(await step.item()) : step }] as const
  })
  // Names and moments are checked in loadStateDict, where their parameters are known.
  const numbered = Object.fromEntries(await Promise.all(read)) as OptimizerState['state']
  return { state: numbered, param_groups: groups }
}

/**
 * Checks a saved state. `sizes` holds the expected number of parameters of each group.
 * @throws {OptionError} when it is not an optimizer state, its groups differ, or a step is not a count.
 */
export function readState(owner: string, saved: unknown, sizes: readonly number[]): ReadState {
  const where = `${owner}.loadStateDict`
  const { state, groups, numbers } = partsOf(where, saved)
  if (numbers.map((list) => list.length).join() !== sizes.join()) {
    const received = `groups of ${numbers.map((list) => list.length).join(', ')}`
    throw bad(where, 'param_groups', `groups of ${sizes.join(', ')} parameters`, received)
  }
  // A file written by torch.save holds a Map whose keys are numbers.
  const entryOf = (number: number): unknown => (state instanceof Map ? state.get(number) : state[number])
  return {
    groups,
    entries: numbers.flat().map((number) => readEntry(where, entryOf(number))),
  }
}

/** The two parts of a state, with the numbers of each group's parameters. */
function partsOf(where: string, saved: unknown) {
  const fix = 'pass the result of stateDict(), or that part of a checkpoint'
  if (!isRecord(saved)) throw bad(where, 'state', 'an object with state and param_groups', saved, fix)
  const { state, param_groups: groups } = saved
  if (!isRecord(state)) throw bad(where, 'state.state', 'an object with parameter numbers as keys', state, fix)
  const numbers = Array.isArray(groups) ? groups.map(numbersOf) : []
  if (numbers.length === 0 || numbers.includes(null)) {
    throw bad(where, 'state.param_groups', 'a list of groups, each with the numbers of its params', groups, fix)
  }
  return { state, groups: groups as OptimizerState['param_groups'], numbers: numbers as number[][] }
}

function readEntry(where: string, entry: unknown): ReadState['entries'][number] {
  if (entry === undefined) return undefined
  if (!isRecord(entry)) throw bad(where, 'state', 'step and moments of a parameter', entry)
  const { step, ...rest } = entry as Entry
  if (step instanceof Tensor) throw bad(where, 'step', 'a number', step, 'pass await lora.optim.stateFromTorch(state)')
  if (!Number.isSafeInteger(step) || step! < 0) throw bad(where, 'step', 'a number of updates', step)
  return { step: step!, rest }
}

function numbersOf(group: unknown): number[] | null {
  const params = isRecord(group) ? group['params'] : null
  return Array.isArray(params) && params.every((each) => Number.isInteger(each)) ? (params as number[]) : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Tensor)
}
