// What a saved state of an optimizer must be, before anything of it is taken over.
import { bad } from '../runtime/options.js'
import { Tensor } from '../tensor/tensor.js'

type Entry = Record<string, Tensor | number>

/** The state of an optimizer in PyTorch's structure: parameters are numbered through all groups. */
export interface OptimizerState {
  state: Record<string, Record<string, Tensor | number>>
  param_groups: ({ params: number[] } & Record<string, unknown>)[]
}

/** A state that was looked at: the options of each group, and for each parameter its step and what else there is under names. */
export interface ReadState {
  groups: OptimizerState['param_groups']
  entries: ({ step: number; rest: Entry } | undefined)[]
}

/**
 * The state of an optimizer of PyTorch, as `load` reads it from a file of `torch.save`, for `loadStateDict`: there the step is a tensor, and parameters
 * are the keys of a Map.
 *
 * @example
 * const { optimizer: saved } = await lora.load<lora.TorchObject>('checkpoint.pt')
 * optimizer.loadStateDict(await lora.optim.stateFromTorch(saved))
 * @throws {OptionError} when it is no such state.
 */
export async function stateFromTorch(saved: unknown): Promise<OptimizerState> {
  const { state, groups } = partsOf('optim.stateFromTorch', saved)
  const entries = state instanceof Map ? [...state] : Object.entries(state)
  const read = entries.map(async ([number, entry]) => {
    if (!isRecord(entry)) throw bad('optim.stateFromTorch', 'state', 'step and moments of a parameter', entry)
    // SGD of PyTorch counts no steps: a momentum is there from the first one on.
    const { step = 1 } = entry
    return [String(number), { ...entry, step: step instanceof Tensor ? Number(await step.item()) : step }] as const
  })
  // Names and moments are checked where they meet their parameters.
  const numbered = Object.fromEntries(await Promise.all(read)) as OptimizerState['state']
  return { state: numbered, param_groups: groups }
}

/**
 * Looks at a saved state. `sizes` are the numbers of parameters of the groups it must fit.
 * @throws {OptionError} when it is no such state, has other groups, or a step that is no count.
 */
export function readState(owner: string, saved: unknown, sizes: readonly number[]): ReadState {
  const where = `${owner}.loadStateDict`
  const { state, groups, numbers } = partsOf(where, saved)
  if (numbers.map((list) => list.length).join() !== sizes.join()) {
    const received = `groups of ${numbers.map((list) => list.length).join(', ')}`
    throw bad(where, 'param_groups', `groups of ${sizes.join(', ')} parameters`, received)
  }
  // A file of torch.save gives a Map: its keys are numbers.
  const entryOf = (number: number): unknown => (state instanceof Map ? state.get(number) : state[number])
  return {
    groups,
    entries: numbers.flat().map((number) => readEntry(where, entryOf(number))),
  }
}

/** The two parts of a state, with the numbers of each group's parameters. */
function partsOf(where: string, saved: unknown) {
  const fix = 'pass what stateDict() gave, or that part of a checkpoint'
  if (!isRecord(saved)) throw bad(where, 'state', 'an object with state and param_groups', saved, fix)
  const { state, param_groups: groups } = saved
  if (!isRecord(state)) throw bad(where, 'state.state', 'an object by the numbers of the parameters', state, fix)
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
