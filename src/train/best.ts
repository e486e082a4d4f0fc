// Which evaluation is the best one, and when to stop for lack of a better one. Both follow from the list of evaluations, so a resumed run decides as the whole one.
import type { RunProgress } from './run-options.js'

/** What a run does with its best evaluation. */
export interface BestRule<Evaluation> {
  /** What is compared; lower is better. */
  rank: (evaluation: Evaluation) => number
  /** Write the checkpoint of the best evaluation, and keep it. */
  isKept: boolean
  /** End after this many evaluations in a row that were no better; Infinity never does. */
  patience: number
  /** What counts as better: lower by more than this. */
  threshold: number
}

type Measured = RunProgress & { loss: number }

/** The best evaluation; where there are several sets, on the first of them. A value that is not a number is worse than any other. */
export function bestOf<Evaluation extends Measured>(
  evaluations: readonly Evaluation[],
  rule?: BestRule<Evaluation>,
): Evaluation | null {
  const rank = rule?.rank ?? (({ loss }) => loss)
  return onFirstSet(evaluations).reduce<Evaluation | null>(
    (best, each) => (best === null || rank(each) < rank(best) || Number.isNaN(rank(best)) ? each : best),
    null,
  )
}

/** Whether the last evaluations were no better than one before them. */
export function isStale<Evaluation extends Measured>(
  evaluations: readonly Evaluation[],
  rule: BestRule<Evaluation> | undefined,
): boolean {
  if (rule === undefined) return false
  let [best, since] = [Infinity, 0]
  for (const each of onFirstSet(evaluations)) {
    const value = rule.rank(each)
    since = value < best - rule.threshold || best === Infinity ? 0 : since + 1
    if (since === 0) best = value
  }
  return since >= rule.patience
}

function onFirstSet<Evaluation extends Measured>(evaluations: readonly Evaluation[]): Evaluation[] {
  return evaluations.filter(({ step }, i) => step !== evaluations[i - 1]?.step)
}
