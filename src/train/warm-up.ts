// Warm-ups that do not fit their run.

/** Steps of the paper's warm-up. */
const LONGEST = 500

/** The warm-up of a run of `total` steps where none is given: that of the paper's recipe, and at most a tenth of a shorter run. */
export function defaultWarmup(total: number): number {
  return Math.min(LONGEST, Math.floor(total / 10))
}

/** Warns of a warm-up that lasts as long as the run: the rate never gets to `lr`, so that hardly anything is learnt. */
export function warnOfWarmup(owner: string, warmup: number, total: number, steps: string): void {
  if (warmup < total) return
  const text = `${owner}: the warm-up takes ${warmup} ${steps}, but the run has ${total}: the rate never gets to lr. Lower warmupSteps, or raise epochs or maxSteps`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_WARMUP' })
}

/** Warns of pieces of a schedule whose highest rate lies behind the end of the run. */
export function warnOfPieces(owner: string, steps: readonly number[], rates: readonly number[], total: number): void {
  const highest = steps[rates.indexOf(Math.max(...rates))] ?? 0
  if (highest < total) return
  const text = `${owner}: iLrs has its highest rate at step ${highest}, but the run has ${total} micro-batches. Lower iSteps, or raise epochs or maxSteps`
  process.emitWarning(text, { type: 'LoraWarning', code: 'LORA_WARMUP' })
}
