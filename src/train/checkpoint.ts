// A run as a folder: all that its next bit depends on, and what it was made with.
import { rmSync } from 'node:fs'
import { access, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FileError, FormatError } from '../errors.js'
import { load } from '../io/load.js'
import { toPlain } from '../io/saved-object.js'
import { save } from '../io/safetensors.js'
import { makeFolderNow, writeText } from '../io/write-text.js'
import type { StateDict } from '../nn/module.js'
import { getRngState } from '../runtime/random.js'
import { applyCheckpoint } from './apply-checkpoint.js'
import type { CheckpointTensors } from './apply-checkpoint.js'
import { FORMAT, GRADIENTS, OPTIMIZER, REST, STATE, TRAINED } from './checkpoint-state.js'
import {
  flatten,
  gradientHolders,
  parseState,
  readStateText,
  restTensors,
  trainedParameters,
} from './checkpoint-state.js'
import type { CheckpointState, Run, StateFile } from './checkpoint-state.js'
import { verifySums, writeSums } from './checksums.js'
import { compareMadeWith, madeWith } from './made-with.js'
import { stateOf, statefulOf, warnOfStrays } from './stateful.js'

/**
 * Writes `checkpoint-STEP` into a folder: trained parameters, optimizer, buffers, gradients, and the states of schedule, loader, the current stream's
 * generator, the generators and streams in fields of the model's modules, and `run.stateful`. All of it is as it is at the call, whatever is recorded
 * while the files are written. A checkpoint appears under its name only when it is complete. With `keep`, older checkpoints beyond that number are
 * deleted; those of later steps, which another run left, are not, nor those of the steps in `spare`.
 * @returns the path of the checkpoint.
 * @throws {OptionError} for a state that holds other than plain values and tensors. @throws {FileError} when it cannot be written.
 */
export async function saveCheckpoint(
  dir: string,
  run: Run,
  state: CheckpointState,
  keep = Infinity,
  spare: readonly number[] = [],
): Promise<string> {
  const path = join(dir, `checkpoint-${state.step}`)
  const partial = `${path}.partial`
  const { file, tensors, gradients } = collect(run, state)
  // Nothing is awaited before all files are recorded: they are of one moment.
  rmSync(partial, { recursive: true, force: true })
  makeFolderNow(partial)
  const writing = Object.entries(tensors).map(([name, dict]) => save(dict, join(partial, name)))
  const names = saveGradients(gradients, join(partial, GRADIENTS))
  try {
    const failed = (await Promise.allSettled([...writing, names])).find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
    await writeText(join(partial, STATE), `${JSON.stringify({ ...file, gradients: await names }, null, 2)}\n`)
    await writeSums(partial)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
  await rm(path, { recursive: true, force: true })
  await rename(partial, path)
  if (Number.isFinite(keep)) await removeOld(dir, state.step, keep, spare)
  return path
}

/** The newest checkpoint in a folder, or null. */
export async function lastCheckpoint(dir: string): Promise<string | null> {
  return (await checkpointsIn(dir)).at(-1)?.path ?? null
}

/**
 * {@link loadCheckpoint} of the newest checkpoint of a folder, or with a warning, `LORA_CHECKPOINT_DAMAGED`, of the newest one that is whole. Leftovers of a
 * checkpoint that was being written are removed.
 * @returns null when there is no checkpoint. @throws {FileError} {FormatError} when all are damaged.
 */
export async function loadLast(dir: string, run: Run): Promise<(CheckpointState & { path: string }) | null> {
  await removePartial(dir)
  const found = (await checkpointsIn(dir)).toReversed()
  let failed: { path: string; error: Error } | null = null
  for (const { path } of found) {
    try {
      const state = await loadCheckpoint(path, run)
      if (failed !== null) warnOfDamage(failed.path, path, failed.error)
      return { ...state, path }
    } catch (error) {
      if (!(error instanceof FormatError || error instanceof FileError)) throw error
      failed ??= { path, error }
    }
  }
  if (failed !== null) throw failed.error
  return null
}

function warnOfDamage(damaged: string, taken: string, { message }: Error): void {
  const text = `${damaged} is damaged: the run goes on from ${taken}`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_DAMAGED', detail: message })
}

async function removePartial(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => [])
  for (const name of names)
    if (/^checkpoint-\d+\.partial$/.test(name)) await rm(join(dir, name), { recursive: true, force: true })
}

/**
 * Restores a run to the state of a checkpoint; it then continues with the same bits. Everything is checked first: when this throws, the run is as it
 * was. A warning says when device, ISA, precision, threads or versions are others than those that the checkpoint was made with, and what a checkpoint
 * of an earlier version does not hold.
 * @throws {FileError} {FormatError} when the folder is not a checkpoint. @throws {OptionError} when it belongs to another run.
 */
export async function loadCheckpoint(path: string, run: Run): Promise<CheckpointState> {
  const text = await readStateText(path)
  await verifySums(path)
  const tensors: CheckpointTensors = { trained: {}, moments: {}, rest: {}, gradients: {} }
  const tensorsIn = (name: string): Promise<StateDict> => load(join(path, name))
  const ifThere = async (name: string) => ((await exists(join(path, name))) ? tensorsIn(name) : {})
  try {
    tensors.rest = await ifThere(REST)
    const file = parseState(path, text, tensors.rest)
    tensors.trained = await tensorsIn(TRAINED)
    tensors.moments = await tensorsIn(OPTIMIZER)
    tensors.gradients = await ifThere(GRADIENTS)
    checkContents(path, file, tensors)
    await applyCheckpoint(path, run, file, tensors)
    if (file.madeWith) compareMadeWith(path, file.madeWith)
    return { step: file.step, notes: file.notes }
  } finally {
    const { rest, ...copied } = tensors
    for (const dict of Object.values(copied)) for (const tensor of Object.values(dict)) tensor.dispose()
    // Objects of the caller may keep the tensors of their states.
    for (const [name, tensor] of Object.entries(rest)) if (!name.startsWith('state.')) tensor.dispose()
  }
}

/** What the files of a checkpoint hold, as of now. */
interface Contents {
  /** The JSON file, without the gradients. */
  file: object
  /** Tensors by the name of their file. */
  tensors: Record<string, StateDict>
  gradients: StateDict
}

function collect(run: Run, { step, notes }: CheckpointState): Contents {
  const trained = trainedParameters(run.model)
  const { tensors: moments, steps, groups } = flatten(run.optimizer.stateDict())
  const { frozen, outside, buffers } = restTensors(run, Object.keys(steps))
  const stateful = statefulOf(run.model, run.stateful)
  // The loader comes before the generator: it may draw its seed from it.
  const loader = run.loader.stateDict()
  const state: StateFile = {
    ...{ format: FORMAT, step, notes, madeWith: madeWith() },
    parameters: Object.keys(trained),
    rest: { frozen: Object.keys(frozen), outside: Object.keys(outside), buffers: Object.keys(buffers) },
    optimizer: { steps, moments: Object.keys(moments), groups },
    schedule: run.schedule?.stateDict() ?? null,
    loader,
    rng: getRngState(),
    stateful: Object.fromEntries([...stateful].map(([name, each]) => [name, stateOf(each)])),
  }
  warnOfStrays(run.model, stateful)
  warnOfSampler(loader)
  const { value, tensors } = toPlain('train.saveCheckpoint', state)
  const others = { ...frozen, ...outside, ...buffers, ...tensors }
  const files: Record<string, StateDict> = { [TRAINED]: trained, [OPTIMIZER]: moments }
  if (Object.keys(others).length > 0) files[REST] = others
  const holders = [...gradientHolders(run)].filter(([, holder]) => holder.hasGrad)
  const gradients = Object.fromEntries(holders.map(([name, holder]) => [name, holder.grad!]))
  return { file: value as object, tensors: files, gradients }
}

/**
 * Writes gradients, if there are any; returns their names. Those of a backward that failed or was aborted cannot be written, and no update would take
 * them: the checkpoint is then one without gradients, since what is learnt must be saved all the more.
 */
async function saveGradients(gradients: StateDict, path: string): Promise<string[]> {
  const names = Object.keys(gradients)
  if (names.length === 0) return []
  try {
    await save(gradients, path)
    return names
  } catch (error) {
    if (error instanceof FileError) throw error
    const text = `a checkpoint has no gradients, as they failed: ${(error as Error).message}`
    const detail = 'call zeroGrad() after a step that failed; a resumed run makes the update under way again'
    process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_INCOMPLETE', detail })
    return []
  }
}

function warnOfSampler({ sampler }: StateFile['loader']): void {
  if (sampler?.isHidden !== true) return
  const text =
    "the loader's sampler has no stateDict() and loadStateDict(): its checkpoints do not hold what its order depends on"
  const detail = 'give it both, or pass a list of indices; a sampler that gives each epoch the same order needs neither'
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_INCOMPLETE', detail })
}

/** Each file must hold what the JSON file says. */
function checkContents(path: string, file: StateFile, tensors: CheckpointTensors): void {
  const { frozen = [], outside = [], buffers = [] } = file.rest ?? {}
  const stated: [string, readonly string[] | undefined, StateDict][] = [
    [TRAINED, file.parameters, tensors.trained],
    [OPTIMIZER, file.optimizer.moments, tensors.moments],
    [REST, [...frozen, ...outside, ...buffers], tensors.rest],
    [GRADIENTS, file.gradients, tensors.gradients],
  ]
  for (const [name, wanted = [], found] of stated) {
    const lacks = wanted.filter((key) => !(key in found))
    if (lacks.length === 0) continue
    throw new FormatError({
      what: `${join(path, name)} is damaged`,
      expected: `${wanted.length} tensors that ${STATE} lists`,
      received: `a file without ${lacks.length} of them (${lacks[0]}, …)`,
      fix: 'go back to an older checkpoint',
    })
  }
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

/** Deletes all but the newest `keep` checkpoints up to `step`. One that cannot be deleted stays, with a warning. */
async function removeOld(dir: string, step: number, keep: number, spare: readonly number[]): Promise<void> {
  const ours = (await checkpointsIn(dir)).filter((each) => each.step <= step)
  for (const { path } of ours.slice(0, -keep).filter((each) => !spare.includes(each.step))) {
    try {
      await rm(path, { recursive: true, force: true })
    } catch (error) {
      // The new checkpoint is complete. The next one tries again: Windows deletes no file that somebody has mapped.
      const text = `an older checkpoint could not be deleted: ${(error as Error).message}`
      const detail = 'close what uses its files, such as a model that was loaded from it with { mapped: true }'
      process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_KEPT', detail })
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
