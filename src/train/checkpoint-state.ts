// What a checkpoint holds of a run, collected at one point of the queue, and its JSON file.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataLoaderState } from '../data/loader/index.js'
import { FileError, FormatError, OptionError } from '../errors.js'
import { fromPlain } from '../io/saved-object.js'
import type { Module, StateDict } from '../nn/module.js'
import { fits } from '../runtime/check-options.js'
import type { Rule } from '../runtime/check-options.js'
import type { OptimizerState } from '../optim/saved-state.js'
import type { Tensor } from '../tensor/tensor.js'
import type { BatchSource, LoopOptimizer } from './loop.js'
import type { MadeWith } from './made-with.js'
import type { HasStateDict, Stateful } from './stateful.js'

/** The parts of a run that a checkpoint holds. */
export interface Run {
  /** Its trained parameters and all its buffers are held, and the generators and streams in fields of its modules. */
  model: Module
  /** Its moments, steps and groups are held, and the parameters that it has besides the model's. */
  optimizer: LoopOptimizer
  /** A schedule of the learning rate. */
  schedule: HasStateDict | null
  /** The position in the data. */
  loader: BatchSource<unknown>
  /**
   * What else the run depends on, by name: generators, streams, and objects with `stateDict()` and `loadStateDict(state)`, such as early stopping or
   * an average of the weights. @default none
   */
  stateful?: Readonly<Record<string, Stateful>> | undefined
}

/** What a checkpoint contains besides its tensors. */
export interface CheckpointState {
  /** Updates made. */
  step: number
  /** What the trainer wants to read back: its log, its options. Plain values. */
  notes: Record<string, unknown>
}

/** The JSON file of a checkpoint. Those before format 2 have only what is not optional. */
export interface StateFile extends CheckpointState {
  format?: number
  madeWith?: MadeWith
  /** Names of the trained parameters. */
  parameters: string[]
  /** Names in {@link REST}, by what they are. */
  rest?: { frozen: string[]; outside: string[]; buffers: string[] }
  /** Names in {@link GRADIENTS}. */
  gradients?: string[]
  /** Steps of each parameter's optimizer state, by its number, its moments as `NUMBER.NAME`, and the groups. */
  optimizer: { steps: Record<string, number>; moments?: string[]; groups: OptimizerState['param_groups'] }
  schedule: unknown
  loader: DataLoaderState
  rng: number[]
  /** States of generators, streams and other objects by name. */
  stateful?: Record<string, unknown>
}

/** The format that this version writes. */
export const FORMAT = 2
/** The files of a checkpoint. */
export const TRAINED = 'trained.safetensors'
export const OPTIMIZER = 'optimizer.safetensors'
/** Buffers and what else has tensors; only where there are any. */
export const REST = 'state.safetensors'
/** Between two micro-batches of an update they are half of it; only where there are any. */
export const GRADIENTS = 'gradients.safetensors'
export const STATE = 'trainer_state.json'

/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
export function trainedParameters(model: Module): StateDict {
  return Object.fromEntries([...model.namedParameters()].filter(([, tensor]) => tensor.requiresGrad))
}

/** The tensors of a run besides its trained parameters and moments, by their names in {@link REST}. */
export interface RestTensors {
  /** Parameters that were trained and then frozen. */
  frozen: StateDict
  /** Parameters of the optimizer that are not the model's. */
  outside: StateDict
  /** All buffers, also those that the model's own files leave out. */
  buffers: StateDict
}

/** Collects them. `stepped` are the numbers of the parameters for which the optimizer has a state. */
export function restTensors({ model, optimizer }: Run, stepped: readonly string[]): RestTensors {
  const numbered = parametersOf(optimizer)
  const trainedOnce = new Set(stepped.map((number) => numbered[Number(number)]))
  const frozen = [...model.namedParameters()].filter(([, each]) => !each.requiresGrad && trainedOnce.has(each))
  const dict = (kind: string, pairs: readonly (readonly [string, Tensor])[]): StateDict =>
    Object.fromEntries(pairs.map(([name, tensor]) => [`${kind}:${name}`, tensor]))
  return {
    frozen: dict('frozen', frozen),
    outside: dict('outside', outsideOf(model, optimizer)),
    buffers: dict('buffer', buffersOf(model)),
  }
}

/** Parameters that can have a gradient, by their names in {@link GRADIENTS}: the model's, and by number the optimizer's others. */
export function gradientHolders({ model, optimizer }: Run): Map<string, Tensor> {
  return new Map([...model.namedParameters(), ...outsideOf(model, optimizer)])
}

/** Parameters of the optimizer that are not the model's, by number. */
function outsideOf(model: Module, optimizer: LoopOptimizer): [number: string, parameter: Tensor][] {
  const own = new Set(model.parameters())
  return parametersOf(optimizer).flatMap((tensor, i): [string, Tensor][] =>
    own.has(tensor) ? [] : [[String(i), tensor]],
  )
}

function parametersOf(optimizer: LoopOptimizer): Tensor[] {
  return optimizer.paramGroups.flatMap((group) => group.params)
}

/** All buffers; a shared one once. */
function buffersOf(model: Module): [name: string, buffer: Tensor][] {
  const seen = new Set<Tensor>()
  return [...model.namedBuffers()].filter(([, buffer]) => !seen.has(buffer) && seen.add(buffer))
}

/** Moments under `NUMBER.NAME`, and the step counts, which go into the JSON file: safetensors files contain only tensors. */
export function flatten({ state, param_groups: groups }: OptimizerState) {
  const tensors: Record<string, Tensor> = {}
  const steps: Record<string, number> = {}
  for (const [number, { step, ...moments }] of Object.entries(state)) {
    steps[number] = step as number
    for (const [name, moment] of Object.entries(moments)) tensors[`${number}.${name}`] = moment as Tensor
  }
  return { tensors, steps, groups }
}

/** The state of an optimizer from both files. */
export function unflatten(tensors: StateDict, { steps, groups }: StateFile['optimizer']): OptimizerState {
  const state: OptimizerState['state'] = {}
  for (const [number, step] of Object.entries(steps)) state[number] = { step }
  for (const [key, tensor] of Object.entries(tensors)) {
    const [number, name] = key.split('.') as [string, string]
    ;(state[number] ??= { step: 0 })[name] = tensor
  }
  return { state, param_groups: groups }
}

/** The text of a checkpoint's JSON file. @throws {FileError} when there is none. */
export function readStateText(path: string): Promise<string> {
  return readFile(join(path, STATE), 'utf8').catch((cause: Error) => {
    const fix = 'name a folder checkpoint-N that a trainer wrote'
    throw new FileError({ what: `${path} is not a checkpoint`, expected: STATE, received: cause.message, fix, cause })
  })
}

/** Parses it. `tensors` are those of {@link REST}. @throws {FormatError} when it is damaged or of a later format. */
export function parseState(path: string, text: string, tensors: StateDict): StateFile {
  const file = join(path, STATE)
  const fix = 'go back to an older checkpoint'
  const damaged = (received: string, cause?: unknown) =>
    new FormatError({
      what: `${file} is damaged`,
      expected: 'a JSON object with the state of a run',
      received,
      fix,
      cause,
    })
  let state: Partial<StateFile> | null
  try {
    state = fromPlain(JSON.parse(text), tensors) as Partial<StateFile> | null
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause), cause)
  }
  const { format = 1, parameters, optimizer, loader, rng, step } = state ?? {}
  if (format > FORMAT) {
    throw new FormatError({
      what: `${file} is of a later format`,
      expected: `format ${FORMAT} or lower`,
      received: `format ${format}`,
      fix: 'read it with the version of loralib that wrote it, or a later one',
    })
  }
  const lacks = Object.entries({ parameters, optimizer, loader, rng, step }).flatMap(([key, value]) =>
    value === undefined ? [key] : [],
  )
  if (lacks.length > 0) throw damaged(`one without ${lacks.join(', ')}`)
  const wrong = misshapen(state as Record<string, unknown>, FORM)
  if (wrong !== undefined) throw damaged(`${wrong} of another form`)
  return state as StateFile
}

const NAMES: Rule = { kind: 'list', items: { kind: 'string' } }
const NUMBER: Rule = { kind: 'number' }
const ANY: Rule = { kind: 'record', values: { kind: 'any' } }

/** The form of the file. What is in a state is checked by the object that loads it. */
const FORM: Readonly<Record<string, Rule>> = {
  ...{ format: NUMBER, step: NUMBER, parameters: NAMES, gradients: NAMES, notes: ANY, madeWith: ANY, rest: ANY },
  ...{ optimizer: ANY, loader: ANY, stateful: ANY, rng: { kind: 'list', items: NUMBER } },
}
const OPTIMIZER_FORM: Readonly<Record<string, Rule>> = {
  steps: { kind: 'record', values: NUMBER },
  moments: NAMES,
  groups: { kind: 'list', items: ANY },
}
const REST_FORM: Readonly<Record<string, Rule>> = { frozen: NAMES, outside: NAMES, buffers: NAMES }

/** The first field that has another form; fields that are not there have none, unless they are parts of another. */
function misshapen(state: Readonly<Record<string, unknown>>, form: Readonly<Record<string, Rule>>): string | undefined {
  const fields = Object.entries(form)
  const wrong = fields.find(([name, rule]) => state[name] !== undefined && !fits(rule, state[name]))
  if (wrong !== undefined) return wrong[0]
  const within = (name: string, inner: Readonly<Record<string, Rule>>, optional: string) => {
    const value = state[name] as Readonly<Record<string, unknown>> | undefined
    if (form !== FORM || value === undefined) return undefined
    const missing = Object.keys(inner).find((key) => key !== optional && value[key] === undefined)
    const found = missing ?? misshapen(value, inner)
    return found === undefined ? undefined : `${name}.${found}`
  }
  return within('optimizer', OPTIMIZER_FORM, 'moments') ?? within('rest', REST_FORM, '')
}

/** Checks that two lists of names are the same, in one order. @throws {OptionError} naming what is missing and what is too much. */
export function checkNames(path: string, what: string, ours: readonly string[], theirs: readonly string[]): void {
  if (ours.length === theirs.length && ours.every((name, i) => name === theirs[i])) return
  const [here, there] = [new Set(ours), new Set(theirs)]
  const missing = ours.filter((name) => !there.has(name))
  const extra = theirs.filter((name) => !here.has(name))
  const some = (names: string[]) => `${names.length}${names.length > 0 ? ` (${names[0]}, …)` : ''}`
  throw new OptionError({
    what: `${path}: the checkpoint belongs to another run`,
    expected: `the ${ours.length} ${what}`,
    received:
      missing.length + extra.length === 0
        ? 'the same in another order'
        : `lacks ${some(missing)}, has ${some(extra)} that are not here`,
    fix: 'prepare the model as in that run (method, r, targets, head), or train into a new folder',
  })
}
