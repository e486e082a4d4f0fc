// Gives a run the state of a checkpoint: all of it is checked first, and what fails in the middle is taken back.
import { OptionError, ShapeError } from '../errors.js'
import { fromPlain, toPlain } from '../io/saved-object.js'
import { waitForQueue } from '../native/lazy.js'
import { copyAll } from '../tensor/copy.js'
import type { StateDict } from '../nn/module.js'
import { getRngState, setRngState } from '../runtime/random.js'
import { noGrad } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { checkNames, gradientHolders, restTensors, trainedParameters, unflatten } from './checkpoint-state.js'
import type { Run, StateFile } from './checkpoint-state.js'
import { restore, stateOf, statefulOf, watchRun } from './stateful.js'
import type { HasStateDict, Stateful } from './stateful.js'

/** The tensors of a checkpoint by their file. */
export interface CheckpointTensors {
  trained: StateDict
  moments: StateDict
  rest: StateDict
  gradients: StateDict
}

/** One part of a run: its state now, and how it takes another. */
interface Part {
  before: unknown
  after: unknown
  put: (state: unknown) => void
}

/** @throws {OptionError} {ShapeError} when the checkpoint belongs to another run, which is then unchanged. */
export async function applyCheckpoint(
  path: string,
  run: Run,
  file: StateFile,
  saved: CheckpointTensors,
): Promise<void> {
  const stateful = statefulOf(run.model, run.stateful)
  const pairs = tensorPairs(path, run, file, saved)
  const names = Object.keys(file.stateful ?? {})
  if (file.rest) checkNames(path, 'generators, streams and other objects of this run', [...stateful.keys()], names)
  else warnOfOldFormat(path, run, stateful.size)
  checkSchedule(path, run, file)
  const rng = getRngState()
  const done: Part[] = []
  try {
    for (const part of partsOf(run, file, saved, stateful)) {
      // Before it is changed: a part that fails in the middle is put back, too.
      done.push(part)
      part.put(part.after)
    }
    copyAll(pairs)
    if (file.rest) restoreGradients(run, saved.gradients)
    setRngState(file.rng)
  } catch (error) {
    for (const part of done.toReversed()) putBack(part)
    setRngState(rng)
    throw error
  }
  watchRun(run.model)
  // What fails only when it runs, such as a lack of memory, is reported here and not by the first update.
  await waitForQueue()
}

function putBack({ before, put }: Part): void {
  try {
    put(before)
  } catch {
    // The part that failed may fail again: its first error is the one that is thrown.
  }
}

/** The parts that are not tensors of the model. The schedule follows the optimizer, whose rates it sets. */
function partsOf(
  { loader, optimizer, schedule }: Run,
  file: StateFile,
  { moments }: CheckpointTensors,
  stateful: ReadonlyMap<string, Stateful>,
): Part[] {
  const part = (of: HasStateDict, after: unknown): Part => ({
    before: of.stateDict(),
    after,
    put: (state) => of.loadStateDict(state),
  })
  const parts = [part(loader, file.loader), part(optimizer, unflatten(moments, file.optimizer))]
  if (schedule) parts.push(part(schedule, file.schedule))
  for (const [name, each] of file.stateful ? stateful : []) {
    const before = snapshot(stateOf(each))
    parts.push({ before, after: file.stateful![name], put: (state) => restore(each, state) })
  }
  return parts
}

/** A state with copies of its tensors: an object may load another one into them. */
function snapshot(state: unknown): unknown {
  const { value, tensors } = toPlain('train.loadCheckpoint', state)
  const copies = Object.entries(tensors).map(([name, tensor]) => [name, noGrad(() => tensor.clone())] as const)
  return fromPlain(value, Object.fromEntries(copies))
}

/** Each tensor of the run with the saved one that goes into it. */
function tensorPairs(
  path: string,
  run: Run,
  file: StateFile,
  { trained, rest }: CheckpointTensors,
): [Tensor, Tensor][] {
  const own = trainedParameters(run.model)
  checkNames(path, 'parameters that this model trains', Object.keys(own), file.parameters)
  const pairs = Object.entries(own).map(([name, tensor]): [Tensor, Tensor] => [tensor, trained[name]!])
  if (file.rest) {
    const { outside, buffers } = restTensors(run, [])
    checkNames(path, 'buffers of this model', Object.keys(buffers), file.rest.buffers)
    checkNames(path, 'parameters that the optimizer has besides', Object.keys(outside), file.rest.outside)
    const named = new Map([...run.model.namedParameters()].map(([name, tensor]) => [`frozen:${name}`, tensor]))
    const missing = file.rest.frozen.filter((name) => !named.has(name))
    checkNames(path, 'parameters of this model', [], missing)
    const frozen = file.rest.frozen.map((name) => [name, named.get(name)!] as const)
    for (const [name, tensor] of [...Object.entries({ ...outside, ...buffers }), ...frozen])
      pairs.push([tensor, rest[name]!])
  }
  for (const [tensor, value] of pairs) checkShape(path, tensor, value)
  return pairs
}

/** Gradients that were there, and none where there were none. */
function restoreGradients(run: Run, gradients: StateDict): void {
  for (const [name, holder] of gradientHolders(run)) {
    const saved = gradients[name]
    holder.grad = saved === undefined ? null : noGrad(() => saved.clone())
  }
}

function checkShape(path: string, tensor: Tensor, saved: Tensor): void {
  if (tensor.shape.join() === saved.shape.join()) return
  throw new ShapeError({
    what: `${path}: the checkpoint belongs to another run`,
    expected: `a tensor of the shape (${tensor.shape.join(', ')})`,
    received: `one of (${saved.shape.join(', ')})`,
    fix: 'prepare the model as in that run (r, sizes, number of labels), or train into a new folder',
  })
}

function checkSchedule(path: string, { schedule }: Run, file: StateFile): void {
  const [here, there] = [schedule !== null, (file.schedule ?? null) !== null]
  if (here === there) return
  const say = (has: boolean) => (has ? 'a schedule of the learning rate' : 'none')
  throw new OptionError({
    what: `${path}: the checkpoint belongs to another run`,
    expected: `${say(here)}, as this run`,
    received: say(there),
    fix: 'pass the schedule that the run had, or null if it had none',
  })
}

/** A checkpoint of an earlier version has neither buffers nor generators: where there are any, a resumed run gives other numbers. */
function warnOfOldFormat(path: string, run: Run, stateful: number): void {
  const buffers = Object.keys(restTensors(run, []).buffers).length
  if (buffers + stateful === 0) return
  const text = `${path} is of an earlier version and does not hold the ${buffers} buffers and ${stateful} generators, streams and objects of this run`
  const detail = 'they stay as they are, so the run does not end with the bits of one that was never stopped'
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_CHECKPOINT_INCOMPLETE', detail })
}
