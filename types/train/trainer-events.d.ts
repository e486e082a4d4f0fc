// Generated from src/train/trainer-events.ts by `npm run api`. Do not edit.

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
  trainable: {
    trainable: number
    all: number
  }
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
  | ({
      type: 'begin'
    } & TrainerBegin)
  | ({
      type: 'step'
    } & TrainerStep)
  | ({
      type: 'evaluation'
    } & TrainerEvaluation)
  | {
      type: 'save'
      path: string
      step: number
    }
  | {
      type: 'end'
      result: TrainerResult
    }
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
