// Which continuations of one prompt are kept, which are finished, and when the search ends.
import type { BeamSettings } from './beam-options.js'

/** A running continuation. */
export interface Beam {
  /** Prompt and new tokens. */
  readonly ids: readonly number[]
  /** Σ log p of its new tokens. */
  readonly score: number
  /** Its parent among the running beams of the step before. */
  readonly parent: number
}

/** A continuation by one token, of one of the running beams. */
export interface Candidate {
  readonly parent: number
  readonly id: number
  /** Σ log p, this token included. */
  readonly score: number
}

/** A finished sequence. */
export interface Hypothesis {
  readonly ids: readonly number[]
  /** `Σ log p / n^lengthPenalty`, n the new tokens, the stop token included. */
  readonly score: number
}

/** Beam search over one prompt, without the model. */
export interface BeamHypotheses {
  /** The running beams, best first; before the first step the prompt itself. */
  readonly running: readonly Beam[]
  /** The finished sequences, best first. */
  readonly finished: readonly Hypothesis[]
  /** Whether further steps would change nothing. */
  readonly isDone: boolean
  /** Extends the beams by one token, with the best candidates of all running beams. */
  advance(candidates: Candidate[], ends: (ids: readonly number[]) => boolean): void
}

/** A search by the rules of its settings. */
export function beamHypotheses(
  settings: BeamSettings,
  maxNewTokens: number,
  prompt: readonly number[],
): BeamHypotheses {
  const Rules = settings.rules === 'nlg' ? NlgHypotheses : TransformersHypotheses
  return new Rules(settings, maxNewTokens, prompt)
}

/** The rules of transformers' beam search. */
class TransformersHypotheses implements BeamHypotheses {
  running: readonly Beam[]
  /** At most `numBeams`. */
  finished: readonly Hypothesis[] = []
  private step = 0
  private canImprove = true

  constructor(
    private readonly settings: BeamSettings,
    private readonly maxNewTokens: number,
    prompt: readonly number[],
  ) {
    this.running = [{ ids: prompt, score: 0, parent: 0 }]
  }

  get isDone(): boolean {
    return this.running.length === 0 || !this.canImprove || (this.settings.earlyStopping === true && this.isFull)
  }

  private get isFull(): boolean {
    return this.finished.length >= this.settings.numBeams
  }

  /** Candidates that end count as finished if they are among the best `numBeams`; the best `numBeams` of the others stay running. */
  advance(candidates: Candidate[], ends: (ids: readonly number[]) => boolean): void {
    const { numBeams, lengthPenalty, candidates: most } = this.settings
    this.step += 1
    const norm = this.step ** lengthPenalty
    const [running, finished]: [Beam[], Hypothesis[]] = [[], [...this.finished]]
    for (const [rank, { parent, id, score }] of bestFirst(candidates).slice(0, most).entries()) {
      const ids = [...this.running[parent]!.ids, id]
      const hasEnded = ends(ids) || this.step === this.maxNewTokens
      if (hasEnded && rank < numBeams) finished.push({ ids, score: score / norm })
      if (!hasEnded && running.length < numBeams) running.push({ ids, score, parent })
    }
    this.running = running
    this.finished = bestFirst(finished).slice(0, numBeams)
    this.canImprove = running.length > 0 && (!this.isFull || this.bestPossible() > this.finished.at(-1)!.score)
  }

  /** The score that the best running beam may reach; an estimate, as in transformers, since a score may rise with its length. */
  private bestPossible(): number {
    const { lengthPenalty, earlyStopping } = this.settings
    const length = earlyStopping === 'never' && lengthPenalty > 0 ? this.maxNewTokens : this.step
    return this.running[0]!.score / length ** lengthPenalty
  }
}

/** The rules of the LoRA paper's NLG example: of the best `numBeams` candidates those that end are finished, and the others stay running. */
class NlgHypotheses implements BeamHypotheses {
  running: readonly Beam[]
  /** At most as many as are returned. */
  finished: readonly Hypothesis[] = []
  private step = 0

  constructor(
    private readonly settings: BeamSettings,
    private readonly maxNewTokens: number,
    prompt: readonly number[],
  ) {
    this.running = [{ ids: prompt, score: 0, parent: 0 }]
  }

  get isDone(): boolean {
    const last = this.finished[this.settings.returned - 1]
    return this.running.length === 0 || (last !== undefined && last.score >= this.bestPossible())
  }

  advance(candidates: Candidate[], ends: (ids: readonly number[]) => boolean): void {
    const { numBeams, lengthPenalty, returned } = this.settings
    this.step += 1
    const norm = this.step ** lengthPenalty
    const [running, finished]: [Beam[], Hypothesis[]] = [[], [...this.finished]]
    for (const { parent, id, score } of bestFirst(candidates).slice(0, numBeams)) {
      const ids = [...this.running[parent]!.ids, id]
      if (ends(ids) || this.step === this.maxNewTokens) finished.push({ ids, score: score / norm })
      else running.push({ ids, score, parent })
    }
    this.running = running
    this.finished = bestFirst(finished).slice(0, returned)
  }

  /** An upper bound of the running beams' scores: a sum of log probabilities only falls, and one of the remaining lengths divides it best. */
  private bestPossible(): number {
    const { lengthPenalty } = this.settings
    const length = lengthPenalty > 0 ? this.maxNewTokens : this.step + 1
    return this.running[0]!.score / length ** lengthPenalty
  }
}

/** Sorted by score; equal ones keep their order. */
function bestFirst<T extends { readonly score: number }>(items: T[]): T[] {
  return items.sort((a, b) => b.score - a.score)
}
