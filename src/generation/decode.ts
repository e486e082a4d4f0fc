// Greedy decoding and sampling, token by token.
import * as ops from '../generated/ops.js'
import { throwIfAborted } from '../runtime/pace.js'
import type { Ids } from './ids.js'
import { KvCache } from './kv-cache.js'
import { tensor } from '../tensor/make.js'
import { keep, noGrad, scope } from '../tensor/scope.js'
import type { Tensor } from '../tensor/tensor.js'
import { readAll } from '../tensor/values.js'
import { chooseBest, draw, drawFromAll } from './choose.js'
import type { DecodedRow, Drawing } from './choose.js'
import { longestPrompt, outgrows, positionsOf, promptMask } from './prompt.js'
import type { Pending } from './ranking.js'
import type { GeneratedToken, GenerativeModel, Run } from './run.js'
import { buildWarpers } from './sampling.js'
import { stopReason } from './stopping.js'

/**
 * Continues the prompts of a run and yields each token as it is chosen. `rows` begins with copies of the prompts and receives the tokens.
 *
 * A token costs one forward of one position for all rows, and one await. Finished rows stay in the batch, unread, until half of the rows are finished; then they
 * are removed. In greedy decoding the best token is nearly always the chosen one: its forward is recorded before its value is known here, so that the engine
 * never idles between two tokens.
 */
export async function* decode(
  model: GenerativeModel,
  run: Run,
  rows: number[][],
): AsyncGenerator<GeneratedToken, void, void> {
  const batch = new DecodedBatch(model, run, rows)
  try {
    for (let step = 1; batch.isLive; step++) {
      throwIfAborted(run.options.signal)
      const chosen = await batch.choose(step)
      for (const [slot, id] of chosen.entries()) {
        const row = batch.rowAt(slot)
        if (row === null) continue
        rows[row]!.push(id)
        const finish = finishOf(run, rows[row]!, row, step)
        if (finish) batch.end(slot)
        yield { row, id, finish }
      }
      batch.advance(chosen)
    }
  } finally {
    batch.dispose()
  }
}

function finishOf(run: Run, ids: readonly number[], row: number, step: number): GeneratedToken['finish'] {
  const prompt = Math.floor(row / run.returned)
  const reason = stopReason(run.options, run.eos, ids, run.batch.given[prompt]!.length, row)
  return reason ?? (step === run.maxNewTokens ? 'length' : null)
}

/** The settings of sampling; null for greedy decoding. */
function drawingOf({ options, generator }: Run, draws: number): Drawing | null {
  if (!options.doSample) return null
  const warpers = buildWarpers(options)
  const { temperature = 1, topK = 0, topP = 1 } = options
  const warpersWithoutTopP = buildWarpers({ ...options, topP: 1 })
  return { warpers, warpersWithoutTopP, temperature, topK, topP, generator, draws }
}

/** A wasted forward costs as much as a token, and a useful one saves a twentieth of one. */
const TRIES_PER_MISS = 20

/** A step whose values are not read yet. */
interface Recorded {
  logits: Tensor
  pending: Pending<(number | null)[]>
  best: Tensor | null
}

/** The rows that are computed together, each in a slot of the batch. */
class DecodedBatch {
  /** The row in each slot; null when it is finished. */
  private slots: (number | null)[]
  private ids: number[][]
  private positions: number[][]
  private mask: Tensor | null
  private readonly cache = new KvCache()
  /** Scores after the expected next tokens, (N, V): their forward is recorded, and the cache has their keys. */
  private ahead: Tensor | null = null
  /** How often other tokens were chosen. */
  private misses = 0
  /** The prompt of each row of the batch. */
  private prompts: readonly number[]
  /** The model for these. */
  private rowModel: GenerativeModel
  private readonly longest: number
  private readonly decoded: DecodedRow[]
  private readonly drawing: Drawing | null

  constructor(
    private readonly model: GenerativeModel,
    private readonly run: Run,
    rows: number[][],
  ) {
    const { batch, returned } = run
    this.slots = [...rows.keys()]
    this.ids = batch.ids
    this.prompts = [...batch.given.keys()]
    this.rowModel = model
    this.positions = positionsOf(batch.mask)
    this.mask = promptMask(batch, run.maxNewTokens)
    this.longest = longestPrompt(batch)
    this.decoded = rows.map((ids, row) => ({ ids, processors: run.processors[Math.floor(row / returned)]!, draw: row }))
    this.drawing = drawingOf(run, rows.length)
  }

  get isLive(): boolean {
    return this.slots.some((row) => row !== null)
  }

  rowAt(slot: number): number | null {
    return this.slots[slot]!
  }

  end(slot: number): void {
    this.slots[slot] = null
  }

  /** The next token of each slot. Steps count from 1. */
  async choose(step: number): Promise<number[]> {
    const rows = this.slots.map((row) => this.decoded[row ?? 0]!)
    const { logits, pending, best } = noGrad(() => scope(() => this.record(rows, step)))
    const read = best === null ? pending.tensors : [...pending.tensors, best]
    try {
      const reading = readAll(read)
      // Queued after the reading, which does not wait for it.
      if (best !== null) await this.goAhead(best, step, reading)
      const data = await reading
      const chosen = pending.finish(data)
      if (best !== null) this.checkGuess(chosen, data.at(-1) as BigInt64Array)
      if (chosen.every((id) => id !== null)) return chosen
      const [u, all] = [(await pending.tensors[0]!.data()) as Float64Array, (await logits.data()) as Float32Array]
      return chosen.map((id, n) => id ?? drawFromAll(all, n, rows.length, rows[n]!, this.drawing!, u[rows[n]!.draw]!))
    } finally {
      logits.dispose()
      for (const part of read) part.dispose()
    }
  }

  /** `best`: the expected tokens, (N) i64; null when their forward shall not be recorded. */
  private record(rows: readonly DecodedRow[], step: number): Recorded {
    let logits = this.ahead ?? this.next(step) // (N, V)
    this.ahead = null
    if (logits.shape[0]! < rows.length) logits = this.repeatPrompts(logits)
    const pending = this.drawing ? draw(logits, rows, this.drawing) : chooseBest(logits, rows)
    if (!this.isPredictable(step)) return { logits, pending, best: null }
    return { logits, pending, best: ops.argmax(logits, 1, false) }
  }

  /** The scores after the tokens so far: from the new ones and the cache, unless the sequences outgrow it. */
  private next(step: number): Tensor {
    const { longest, slots, model } = this
    if (step === 1 || !outgrows(longest + step - 1, model.recomputeBeyond))
      return this.forward(this.ids, this.positions, step)
    this.cache.dispose()
    const { batch, returned } = this.run
    const whole = slots.map((row) => {
      // The tokens of a finished row are not read: any will do.
      const { ids, draw } = this.decoded[row ?? slots.find((live) => live !== null)!]!
      const prompt = Math.floor(draw / returned)
      const fresh = ids.slice(batch.given[prompt]!.length)
      const mask = [...batch.mask[prompt]!, ...fresh.map(() => 1)]
      return { ids: [...batch.ids[prompt]!, ...fresh], mask }
    })
    const masks = whole.map(({ mask }) => mask)
    return this.forward(whole.map(({ ids }) => ids), positionsOf(masks), step) // prettier-ignore
  }

  /** Records the forward of the expected tokens. */
  private async goAhead(best: Tensor, step: number, reading: Promise<unknown>): Promise<void> {
    const ids = best.reshape([this.slots.length, 1])
    try {
      this.ahead = noGrad(() => scope(() => this.forward(ids, this.nextPositions(), step + 1)))
    } catch (error) {
      await reading.catch(() => undefined)
      throw error
    }
  }

  private forward(ids: Ids, positionIds: number[][], step: number): Tensor {
    const { rowModel: model, mask: attentionMask, cache: pastKeyValues } = this
    const sequenceLength = this.longest + step - 1
    const options = { attentionMask, positionIds, sequenceLength, pastKeyValues, logitsToKeep: 1 }
    const { logits } = model.forward(ids, options) // (N, 1, V)
    return logits.reshape([logits.shape[0]!, -1])
  }

  private nextPositions(): number[][] {
    return this.positions.map((row) => [row.at(-1)! + 1])
  }

  /** Whether a forward with the best token is worthwhile: there is a next step from this cache, and other tokens were rarely chosen. */
  private isPredictable(step: number): boolean {
    if (outgrows(this.longest + step, this.model.recomputeBeyond)) return false
    return this.drawing === null && step < this.run.maxNewTokens && this.misses * TRIES_PER_MISS <= step
  }

  /** Discards a forward of another token than the chosen one. */
  private checkGuess(chosen: readonly (number | null)[], best: BigInt64Array): void {
    if (this.slots.every((row, slot) => row === null || chosen[slot] === Number(best[slot]))) return
    this.misses++
    this.ahead!.dispose()
    this.ahead = null
    this.cache.truncate(this.cache.length - 1)
  }

  /** Repeats the scores of a prompt, which is computed once, for all of its rows. */
  private repeatPrompts(logits: Tensor): Tensor {
    const prompts = this.slots.map((row) => Math.floor(row! / this.run.returned))
    this.select(prompts)
    return logits.indexSelect(0, tensor(Float64Array.from(prompts), { dtype: 'i64' }))
  }

  /** Takes the chosen tokens as the next input. Finished slots continue with theirs, since no row reads another. */
  advance(chosen: readonly number[]): void {
    this.ids = chosen.map((id) => [id])
    this.positions = this.nextPositions()
    const live = [...this.slots.keys()].filter((slot) => this.slots[slot] !== null)
    if (live.length === 0 || live.length > this.slots.length / 2) return
    this.select(live)
    this.ids = live.map((slot) => this.ids[slot]!)
    this.slots = live.map((slot) => this.slots[slot]!)
  }

  private select(slots: readonly number[]): void {
    this.cache.batchSelectIndices(slots)
    this.prompts = slots.map((slot) => this.prompts[slot]!)
    this.rowModel = this.model.ofRows?.(this.prompts) ?? this.model
    this.positions = slots.map((slot) => this.positions[slot]!)
    this.mask = this.selected(this.mask, slots)
    this.ahead = this.selected(this.ahead, slots)
  }

  private selected(all: Tensor | null, slots: readonly number[]): Tensor | null {
    if (all === null) return null
    const chosen = keep(all.indexSelect(0, tensor(Float64Array.from(slots), { dtype: 'i64' })))
    all.dispose()
    return chosen
  }

  dispose(): void {
    this.cache.dispose()
    this.mask?.dispose()
    this.ahead?.dispose()
  }
}
