// What a Trainer tells as its run goes on.
import { bad } from '../runtime/options.js'
import type { DataReport } from './data-report.js'
import type { StepReport } from './loop.js'
import type { RunProgress } from './run-options.js'
import type { TrainResult } from './run.js'

/** The rows are read and the model is ready: what will be trained. */
export interface TrainerBegin {
  data: DataReport
  /** Updates in the whole run. */
  steps: number
  /** Updates in an epoch. */
  stepsPerEpoch: number
  /** Numbers that are trained, of how many. */
  trainable: { trainable: number; all: number }
}

/** An update. */
export interface TrainerStep extends StepReport {
  /** Tokens of its rows, without padding. */
  tokens: number
  tokensPerSecond: number
}

/** An evaluation on the validation rows. */
export interface TrainerEvaluation extends RunProgress {
  /** Mean loss of all labels together. */
  loss: number
  /** Scores of the task by name. */
  scores: Record<string, number>
  rows: number
  timeMs: number
}

/** How a run of a {@link Trainer} ended. */
export type TrainerResult = TrainResult<TrainerEvaluation>

/** An event, as the iterator of a {@link Trainer} gives it. */
export type TrainerEvent =
  | ({ type: 'begin' } & TrainerBegin)
  | ({ type: 'step' } & TrainerStep)
  | ({ type: 'evaluation' } & TrainerEvaluation)
  | { type: 'save'; path: string; step: number }
  | { type: 'end'; result: TrainerResult }

/** Functions that a run calls, and whose promises it waits for. */
export interface TrainerCallback {
  /** When rows and model are ready, before the first update. @default none */
  onTrainBegin?: (begin: TrainerBegin) => void | Promise<void>
  /** After each update. @default none */
  onStep?: (step: TrainerStep) => void | Promise<void>
  /** After each evaluation. @default none */
  onEvaluate?: (evaluation: TrainerEvaluation) => void | Promise<void>
  /** After each checkpoint, with its folder. @default none */
  onSave?: (path: string, step: number) => void | Promise<void>
  /** At the end, also of an aborted run. @default none */
  onTrainEnd?: (result: TrainerResult) => void | Promise<void>
}

/** Callbacks as a list. @throws {OptionError} */
export function checkCallbacks(
  owner: string,
  given: TrainerCallback | readonly TrainerCallback[],
): readonly TrainerCallback[] {
  const callbacks = [given].flat()
  for (const each of callbacks)
    if (typeof each !== 'object' || each === null)
      throw bad(owner, 'callbacks', 'objects with functions such as onStep', each)
  return callbacks
}

/** Events of a run, for callbacks and for iterators. */
export class EventBus {
  private readonly queues = new Set<Queue>()
  private isClosed = false

  constructor(private readonly callbacks: readonly TrainerCallback[]) {}

  async emit(event: TrainerEvent): Promise<void> {
    for (const queue of this.queues) queue.push(event)
    for (const callback of this.callbacks) await call(callback, event)
  }

  /** The coming events, until {@link close}. `onReturn` is called when the loop is left early. */
  async *events(onReturn: () => void): AsyncGenerator<TrainerEvent> {
    const queue = new Queue()
    this.queues.add(queue)
    if (this.isClosed) queue.close()
    let isOver = false
    try {
      yield* queue
      isOver = true
    } finally {
      this.queues.delete(queue)
      if (!isOver) onReturn()
    }
  }

  close(): void {
    this.isClosed = true
    for (const queue of this.queues) queue.close()
  }
}

function call(callback: TrainerCallback, event: TrainerEvent): void | Promise<void> {
  switch (event.type) {
    case 'begin':
      return callback.onTrainBegin?.(without(event))
    case 'step':
      return callback.onStep?.(without(event))
    case 'evaluation':
      return callback.onEvaluate?.(without(event))
    case 'save':
      return callback.onSave?.(event.path, event.step)
    case 'end':
      return callback.onTrainEnd?.(event.result)
  }
}

function without<E extends { type: string }>(event: E): Omit<E, 'type'> {
  const { type: _, ...rest } = event
  return rest
}

/** Events that wait to be read. */
class Queue implements AsyncIterable<TrainerEvent> {
  private readonly waiting: TrainerEvent[] = []
  private isClosed = false
  private wake: () => void = () => undefined

  push(event: TrainerEvent): void {
    this.waiting.push(event)
    this.wake()
  }

  close(): void {
    this.isClosed = true
    this.wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainerEvent> {
    for (;;) {
      while (this.waiting.length > 0) yield this.waiting.shift()!
      if (this.isClosed) return
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
  }
}
