// Generated from src/train/run.ts by `npm run api`. Do not edit.

/** How a run of a trainer ended. */
export interface TrainResult<Evaluation> {
  /** Updates made, including those before a resumed start. */
  step: number
  /** Updates in the whole run. */
  steps: number
  /** Passes over the data, including those before a resumed start. */
  epoch: number
  /** Whether the signal ended it. */
  aborted: boolean
  /** Mean loss of the updates of this call; NaN if there were none. */
  trainLoss: number
  /** Time of the updates of this call, without evaluations and checkpoints. */
  timeMs: number
  /** Folder of the last checkpoint; null if none was written. */
  checkpoint: string | null
  /** All evaluations, including those before a resumed start. */
  evaluations: Evaluation[]
  /** The evaluation with the lowest loss, where there are several sets on the first of them; null if there was none. */
  best: Evaluation | null
  /** The checkpoint of that evaluation; null if there is none. */
  bestCheckpoint: string | null
  /** Whether it ended because evaluations got no better. */
  stoppedEarly: boolean
}
