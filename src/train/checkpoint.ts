// A run between two updates, as a folder: the trained parameters, the optimizer, and the state of schedule, loader and generator.
import { readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataLoaderState } from '../data/loader/index.js'
import { FileError, FormatError, OptionError } from '../errors.js'
import { load } from '../io/load.js'
import { save } from '../io/safetensors.js'
import type { Module, StateDict } from '../nn/module.js'
import type { OptimizerState } from '../optim/saved-state.js'
import { getRngState, setRngState } from '../runtime/random.js'
import type { Tensor } from '../tensor/tensor.js'
import { makeFolder, writeText } from '../io/write-text.js'
import type { BatchSource, LoopOptimizer, LoopSchedule } from './loop.js'

/** The parts of a run that a checkpoint holds. */
export interface Run {
  model: Module
  optimizer: LoopOptimizer
  schedule: Pick<LoopSchedule, 'stateDict' | 'loadStateDict'> | null
  loader: BatchSource<unknown>
}

/** What a checkpoint contains besides its tensors. */
export interface CheckpointState {
  /** Updates made. */
  step: number
  /** What the trainer wants to read back: its log, its options. Plain JSON. */
  notes: Record<string, unknown>
}

interface StateFile extends CheckpointState {
  /** Names of the trained parameters. */
  parameters: string[]
  /** Steps of each parameter's optimizer state, by its number, and the groups. */
  optimizer: { steps: Record<string, number>; groups: OptimizerState['param_groups'] }
  schedule: object | null
  loader: DataLoaderState
  rng: number[]
}

const [TRAINED, OPTIMIZER, STATE] = ['trained.safetensors', 'optimizer.safetensors', 'trainer_state.json']

/** The parameters that are trained, by their state-dict names: an adapter with its head, or a whole model. */
export function trainedParameters(model: Module): StateDict {
  return Object.fromEntries([...model.namedParameters()].filter(([, tensor]) => tensor.requiresGrad))
}

/**
 * Writes `checkpoint-STEP` into a folder: the trained parameters alone, the optimizer, and a JSON file. A checkpoint appears under its name
 * only when it is complete. With `keep`, older checkpoints beyond that number are deleted.
 * @returns the path of the checkpoint.
 */
export async function saveCheckpoint(dir: string, run: Run, state: CheckpointState, keep = Infinity): Promise<string> {
  const path = join(dir, `checkpoint-${state.step}`)
  const partial = `${path}.partial`
  await rm(partial, { recursive: true, force: true })
  await makeFolder(partial)
  const trained = trainedParameters(run.model)
  const { tensors, steps, groups } = flatten(run.optimizer.stateDict())
  const file: StateFile = {
    ...state,
    parameters: Object.keys(trained),
    optimizer: { steps, groups },
    schedule: run.schedule?.stateDict() ?? null,
    loader: run.loader.stateDict(),
    rng: getRngState(),
  }
  await save(trained, join(partial, TRAINED))
  await save(tensors, join(partial, OPTIMIZER))
  await writeText(join(partial, STATE), `${JSON.stringify(file, null, 2)}\n`)
  await rm(path, { recursive: true, force: true })
  await rename(partial, path)
  const old = (await checkpointsIn(dir)).slice(0, -keep)
  for (const { path } of Number.isFinite(keep) ? old : []) await rm(path, { recursive: true, force: true })
  return path
}

/** The newest checkpoint in a folder, or null. */
export async function lastCheckpoint(dir: string): Promise<string | null> {
  return (await checkpointsIn(dir)).at(-1)?.path ?? null
}

/**
 * Restores a run to the state of a checkpoint; it then continues with the same bits.
 * @throws {FileError} {FormatError} when the folder is not a checkpoint. @throws {OptionError} when it belongs to another run.
 */
export async function loadCheckpoint(path: string, run: Run): Promise<CheckpointState> {
  const file = await readState(path)
  const trained = trainedParameters(run.model)
  const names = Object.keys(trained)
  if (names.join() !== file.parameters.join()) throw otherParameters(path, names, file.parameters)
  const values = await load(join(path, TRAINED))
  run.model.loadStateDict(values, { strict: false })
  const moments = await load(join(path, OPTIMIZER))
  run.optimizer.loadStateDict(unflatten(moments, file.optimizer))
  for (const tensor of [...Object.values(values), ...Object.values(moments)]) tensor.dispose()
  if (file.schedule) run.schedule?.loadStateDict(file.schedule)
  run.loader.loadStateDict(file.loader)
  setRngState(file.rng)
  return { step: file.step, notes: file.notes }
}

async function checkpointsIn(dir: string): Promise<{ path: string; step: number }[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const found = names.flatMap((name) => {
    const [, step] = /^checkpoint-(\d+)$/.exec(name) ?? []
    return step === undefined ? [] : [{ path: join(dir, name), step: Number(step) }]
  })
  return found.sort((a, b) => a.step - b.step)
}

async function readState(path: string): Promise<StateFile> {
  const file = join(path, STATE)
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    const fix = 'name a folder checkpoint-N that a trainer wrote'
    throw new FileError({ what: `${path} is not a checkpoint`, expected: STATE, received: cause.message, fix, cause })
  })
  try {
    return JSON.parse(text) as StateFile
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause)
    const fix = 'go back to an older checkpoint'
    throw new FormatError({ what: `${file} is damaged`, expected: 'a JSON object', received, fix, cause })
  }
}

// Moments under `NUMBER.NAME`; safetensors files contain only tensors, so step counts go into the JSON file.
function flatten({ state, param_groups: groups }: OptimizerState) {
  const tensors: Record<string, Tensor> = {}
  const steps: Record<string, number> = {}
  for (const [number, { step, ...moments }] of Object.entries(state)) {
    steps[number] = step as number
    for (const [name, moment] of Object.entries(moments)) tensors[`${number}.${name}`] = moment as Tensor
  }
  return { tensors, steps, groups }
}

function unflatten(tensors: StateDict, { steps, groups }: StateFile['optimizer']): OptimizerState {
  const state: OptimizerState['state'] = {}
  for (const [number, step] of Object.entries(steps)) state[number] = { step }
  for (const [key, tensor] of Object.entries(tensors)) {
    const [number, name] = key.split('.') as [string, string]
    ;(state[number] ??= { step: 0 })[name] = tensor
  }
  return { state, param_groups: groups }
}

function otherParameters(path: string, ours: readonly string[], theirs: readonly string[]): OptionError {
  const missing = ours.filter((name) => !theirs.includes(name))
  const extra = theirs.filter((name) => !ours.includes(name))
  const some = (names: string[]) => `${names.length}${names.length > 0 ? ` (${names[0]}, …)` : ''}`
  return new OptionError({
    what: `${path}: the checkpoint belongs to another run`,
    expected: `the ${ours.length} parameters that this model trains`,
    received: `lacks ${some(missing)}, has ${some(extra)} that are not trained here`,
    fix: 'prepare the model as in that run (method, r, targets, head), or train into a new folder',
  })
}
