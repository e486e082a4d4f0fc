// Beam search: the model's part of it.
import { OptionError } from '../errors.js'
import { throwIfAborted } from '../runtime/pace.js'
import { KvCache } from './kv-cache.js'
import { tensor } from '../tensor/make.js'
import { noGrad, scope } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { readAll } from '../tensor/values.js'
import { beamHypotheses } from './beam-hypotheses.js'
import type { Beam, BeamHypotheses, Candidate, Hypothesis } from './beam-hypotheses.js'
import { livingSlots, treeInput } from './beam-tree.js'
import { longestPrompt, outgrows, positionsOf, promptMask } from './prompt.js'
import { rank } from './ranking.js'
import type { Row } from './ranking.js'
import type { GenerativeModel, Run } from './run.js'
import { logProbability } from './scores.js'
import type { Ranking } from './scores.js'
import { stopReason } from './stopping.js'

/**
 * The best `numReturnSequences` sequences of each prompt, best first.
 *
 * The beams of a prompt share one row of the cache: the prompt, computed once, then the tokens of all beams, each written once. A mask selects the ancestors
 * of each beam, so beams change their parents without a copy. Tokens that no running beam descends from are removed from time to time.
 */
export async function beamSearch(model: GenerativeModel, run: Run): Promise<Hypothesis[][]> {
  const search = new BeamSearch(model, run)
  try {
    while (search.isLive) {
      throwIfAborted(run.options.signal)
      await search.step()
    }
  } finally {
    search.dispose()
  }
  return search.results()
}

/** The search of one prompt. */
interface Searched {
  readonly prompt: number
  readonly hypotheses: BeamHypotheses
  /** The cache slots of the new tokens of each running beam, counted from the end of the prompt. */
  slots: readonly (readonly number[])[]
}

class BeamSearch {
  private readonly all: readonly Searched[]
  private readonly cache = new KvCache()
  /** The unfinished prompts, by their row of the cache. */
  private rows: readonly Searched[]
  /** The model for these rows. */
  private rowModel: GenerativeModel
  private readonly longest: number
  private steps = 0

  constructor(
    private readonly model: GenerativeModel,
    private readonly run: Run,
  ) {
    this.all = run.batch.given.map((ids, prompt) => ({
      prompt,
      hypotheses: beamHypotheses(run.beams!, run.maxNewTokens, ids),
      slots: [],
    }))
    this.rows = this.all
    this.rowModel = model
    this.longest = longestPrompt(run.batch)
  }

  get isLive(): boolean {
    return this.rows.some(({ hypotheses }) => !hypotheses.isDone)
  }

  results(): Hypothesis[][] {
    const { owner, returned } = this.run
    return this.all.map(({ hypotheses, prompt }) => {
      const best = hypotheses.finished.slice(0, returned)
      if (best.length < returned) throw tooFew(owner, prompt, returned, best.length)
      return best
    })
  }

  async step(): Promise<void> {
    const width = this.steps === 0 ? 1 : Math.max(...this.rows.map(({ hypotheses }) => hypotheses.running.length))
    const rankings = await this.rank(width)
    this.steps += 1
    this.rows.forEach((row, r) => this.advance(row, rankings.slice(r * width, (r + 1) * width)))
    this.dropDone()
    this.dropDead()
  }

  /** The best next tokens of `width` beams of each row; a row with fewer beams repeats its first, unread. */
  private async rank(width: number): Promise<Ranking[]> {
    const { beams, processors } = this.run
    // By the rules of the NLG example the processors edit logits, and the result is normalised.
    const renormalises = beams!.rules === 'nlg'
    const beamsOf = (row: Searched): Row[] =>
      Array.from({ length: width }, (_, w) => ({
        ids: beamAt(row.hypotheses, w).ids,
        processors: processors[row.prompt]!,
      }))
    const rows = this.rows.flatMap(beamsOf)
    const pending = noGrad(() =>
      scope(() => {
        const logits = this.steps === 0 ? this.forwardPrompts() : this.forwardBeams(width)
        const flat = logits.reshape([rows.length, -1]) // (rows · width, V)
        const best = beams!.candidates
        return rank(
          flat,
          rows,
          renormalises ? { best, logProbabilities: false, massAt: 1 } : { best, logProbabilities: true },
        )
      }),
    )
    try {
      const rankings = pending.finish(await readAll(pending.tensors))
      return renormalises ? rankings.map(normalised) : rankings
    } finally {
      for (const part of pending.tensors) part.dispose()
    }
  }

  private forwardPrompts(): Tensor {
    const { batch } = this.run
    return this.rowModel.forward(batch.ids, {
      attentionMask: promptMask(batch, 0),
      positionIds: positionsOf(batch.mask),
      sequenceLength: this.longest,
      pastKeyValues: this.cache,
      logitsToKeep: 1,
    }).logits
  }

  /** Feeds the last token of each beam; the tokens of a row are adjacent in the cache. */
  private forwardBeams(width: number): Tensor {
    const sequenceLength = this.longest + this.steps
    if (outgrows(sequenceLength, this.model.recomputeBeyond)) return this.forwardAnew(width, sequenceLength)
    const start = this.cache.length - this.promptWidth
    for (const row of this.rows)
      row.slots = Array.from({ length: width }, (_, w) => [...(row.slots[w] ?? row.slots[0] ?? []), start + w])
    const ids = this.rows.map(({ hypotheses }) =>
      Array.from({ length: width }, (_, w) => beamAt(hypotheses, w).ids.at(-1)!),
    )
    const positionIds = this.rows.map(({ prompt }) => {
      const tokens = this.run.batch.mask[prompt]!.reduce((sum, on) => sum + on, 0)
      return ids[0]!.map(() => tokens + this.steps - 1)
    })
    const attentionMask = this.ancestors(width)
    const options = { attentionMask, positionIds, sequenceLength, pastKeyValues: this.cache }
    return this.rowModel.forward(ids, options).logits
  }

  /** {@link forwardBeams} into an emptied cache: the prompts and all tokens of the beams are computed once more. */
  private forwardAnew(width: number, sequenceLength: number): Tensor {
    const { batch } = this.run
    this.cache.dispose()
    const beams = this.rows.map(({ hypotheses, slots, prompt }) =>
      Array.from({ length: width }, (_, w) => ({
        ids: beamAt(hypotheses, w).ids.slice(batch.given[prompt]!.length),
        slots: slots[w] ?? slots[0] ?? [],
      })),
    )
    const count = Math.max(...beams.map((each) => livingSlots(each).length))
    const positions = positionsOf(batch.mask)
    const inputs = this.rows.map(({ prompt }, r) => {
      const padded = { ids: batch.ids[prompt]!, mask: batch.mask[prompt]!, positions: positions[prompt]! }
      return treeInput(padded, beams[r]!, count)
    })
    const total = this.promptWidth + count + width
    const flags = new Uint8Array(inputs.length * total * total)
    inputs.forEach((input, r) => {
      input.mark(flags, r * total * total)
      this.rows[r]!.slots = input.slots
    })
    return this.rowModel.forward(
      inputs.map(({ ids }) => ids),
      {
        attentionMask: tensor(flags, { dtype: 'bool', shape: [inputs.length, 1, total, total] }),
        positionIds: inputs.map((input) => input.positions),
        sequenceLength,
        pastKeyValues: this.cache,
        logitsToKeep: width,
      },
    ).logits
  }

  /** (B, 1, width, S) bool: the prompt without its padding, and each beam's own tokens. */
  private ancestors(width: number): Tensor {
    const S = this.cache.length + width
    const flat = new Uint8Array(this.rows.length * width * S)
    this.rows.forEach(({ prompt, slots }, r) => {
      for (let w = 0; w < width; w++) {
        const at = (r * width + w) * S
        flat.set(this.run.batch.mask[prompt]!, at)
        for (const slot of slots[w]!) flat[at + this.promptWidth + slot] = 1
      }
    })
    return tensor(flat, { dtype: 'bool', shape: [this.rows.length, 1, width, S] })
  }

  private get promptWidth(): number {
    return this.run.batch.ids[0]!.length
  }

  private advance(row: Searched, rankings: readonly Ranking[]): void {
    const { hypotheses, prompt } = row
    if (hypotheses.isDone) return
    const candidates = hypotheses.running.flatMap((beam, parent) => continuations(beam, parent, rankings[parent]!))
    const { options, eos, batch } = this.run
    const length = batch.given[prompt]!.length
    hypotheses.advance(candidates, (ids) => stopReason(options, eos, ids, length, prompt) !== null)
    row.slots = hypotheses.running.map(({ parent }) => row.slots[parent] ?? [])
  }

  /** Removes finished prompts from the batch when they are half of it. */
  private dropDone(): void {
    const live = [...this.rows.keys()].filter((r) => !this.rows[r]!.hypotheses.isDone)
    if (live.length === 0 || live.length > this.rows.length / 2) return
    this.cache.batchSelectIndices(live)
    this.rows = live.map((r) => this.rows[r]!)
    this.rowModel = this.model.ofRows?.(this.rows.map(({ prompt }) => prompt)) ?? this.model
  }

  /** Removes the tokens that no running beam descends from, when they are most of those after the prompt. */
  private dropDead(): void {
    const stored = this.cache.length - this.promptWidth
    const living = this.rows.map(({ slots }) => [...new Set(slots.flat())].sort((a, b) => a - b))
    const most = Math.max(...living.map((slots) => slots.length))
    if (stored < 2 * most + this.run.beams!.numBeams) return
    // Rows with fewer tokens repeat one, which no mask selects.
    const kept = living.map((slots) => Array.from({ length: most }, (_, i) => this.promptWidth + (slots[i] ?? 0)))
    this.cache.retain(this.promptWidth, kept)
    this.rows.forEach((row, r) => {
      const moved = new Map(living[r]!.map((slot, i) => [slot, i]))
      row.slots = row.slots.map((slots) => slots.map((slot) => moved.get(slot)!))
    })
  }

  dispose(): void {
    this.cache.dispose()
  }
}

function beamAt({ running }: BeamHypotheses, w: number): Beam {
  return running[w] ?? running[0] ?? { ids: [0], score: 0, parent: 0 }
}

/** Scores as log probabilities, normalised by the mass of the whole row. */
function normalised({ ids, scores, mass }: Ranking): Ranking {
  return { ids, scores: scores.map((score) => logProbability(score, mass!)) }
}

function continuations({ score }: Beam, parent: number, { ids, scores }: Ranking): Candidate[] {
  const all = ids.map((id, i) => ({ parent, id, score: score + scores[i]! }))
  return all.filter((candidate) => candidate.score > -Infinity)
}

function tooFew(owner: string, prompt: number, wanted: number, found: number): OptionError {
  return new OptionError({
    what: `${owner}: prompt ${prompt} has fewer continuations than requested`,
    expected: `${wanted} sequences (numReturnSequences)`,
    received: `${found}: all that the processors allow`,
    fix: 'request fewer, or ban fewer tokens',
  })
}
