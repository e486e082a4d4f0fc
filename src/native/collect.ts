// What nobody can reach any more holds memory until V8 looks: tensors by their handles, and graphs that never saw a backward by those of their
// results. V8 sees small objects only, so past a budget an await makes it look.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pinnedBytes, reportPinned } from './handle.js'
import { native } from './load.js'

/** Growth of what is held, since the last look, that makes an await collect in any case. */
const BUDGET_BYTES = 512 * 2 ** 20
/**
 * Growth that makes it collect when that is cheap. Between two steps little is alive, so V8 has little to carry; its own young collections come
 * in the middle of one, and each time it carries much it enlarges the young generation.
 */
const SOFT_BYTES = 2 ** 20
/** A soft collection may take this part of the time: beside a large JavaScript heap one can cost 200 ms. */
const TIME_SHARE = 1 / 20
/** One for dropped graphs may take more, the more they hold: a loop that drops one at each step shall hold two, not all. */
const GRAPH_TIME_SHARE = 1 / 8
const LARGE_GRAPH_TIME_SHARE = 1 / 2
const LARGE_GRAPH_BYTES = 16 * 2 ** 20
/** What a collection may cost to be worth a large graph at any time. */
const LARGE_GRAPH_MS = 50
const ROUNDS = 4
/** Awaits without a collection after ones that found nothing to collect. */
const MOST_PATIENCE = 64

let lastEnd = 0
let cost = 0
let running: Promise<void> | null = null
let gc: (() => void) | null = null

/** What handles pin after the last look, or the least since. */
let floor = 0
const graphs = {
  /** What they hold when none is dropped. */
  floor: 0,
  /** What they held at the last await. */
  last: 0,
  /** The most that one await found more than the one before: the graph of a step. */
  step: 0,
  /** Awaits to let pass without looking. */
  waits: 0,
  patience: 0,
}

function collector(): () => void {
  if (gc === null) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
  }
  return gc
}

/** Repeats collection and macrotask until what is held stops falling: at most four times, once when it is only cheap to. */
export async function collect(force = false): Promise<void> {
  if (running !== null) {
    await running
    // Many that await at once need one look, not one each.
    if (!force) return
  }
  floor = Math.min(floor, pinnedBytes())
  const growth = pinnedBytes() - floor
  const dropped = droppedGraphs()
  const hard = force || growth >= BUDGET_BYTES || dropped >= BUDGET_BYTES
  const soft = growth >= Math.max(SOFT_BYTES, floor / 4) && isCheap(TIME_SHARE)
  const large = dropped >= LARGE_GRAPH_BYTES
  const worth = large ? cost < LARGE_GRAPH_MS || isCheap(LARGE_GRAPH_TIME_SHARE) : isCheap(GRAPH_TIME_SHARE)
  const softGraphs = dropped >= SOFT_BYTES && worth
  if (!hard && !soft && !softGraphs) return
  running = repeat(hard ? ROUNDS : 1, dropped > 0).finally(() => (running = null))
  await running
}

async function repeat(rounds: number, forGraphs: boolean): Promise<void> {
  let took = 0
  const held = native.activationBytes()
  for (let round = 0; round < rounds; round++) {
    const before = pinnedBytes() + native.activationBytes()
    const start = performance.now()
    collector()()
    took += performance.now() - start
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    if (pinnedBytes() + native.activationBytes() >= before) break
  }
  floor = pinnedBytes()
  const left = native.activationBytes()
  // The graph of one step may be in use while its loss is awaited.
  graphs.floor = left >= 0.9 * graphs.step ? left - graphs.step : left
  graphs.last = left
  if (forGraphs) {
    // Whoever holds two graphs on purpose shall not pay for a look at each await.
    const found = held - left >= graphs.step / 2
    graphs.patience = found ? 0 : Math.min(MOST_PATIENCE, 2 * graphs.patience + 1)
    graphs.waits = graphs.patience
  }
  lastEnd = performance.now()
  // The turns of the event loop between rounds cost nothing. One that took far longer than the last was held up by the machine.
  cost = cost > 0 ? Math.min(took, 2 * cost) : took
  reportPinned()
}

function isCheap(share: number): boolean {
  return performance.now() - lastEnd >= cost / share
}

/** Bytes by which graphs have grown beyond that of one step; 0 when there is nothing to suspect. */
function droppedGraphs(): number {
  // What handles pin is no graph.
  const held = native.activationBytes() - (pinnedBytes() - floor)
  graphs.step = Math.max(held - graphs.last, graphs.step * 0.9)
  graphs.last = held
  graphs.floor = Math.min(graphs.floor, held)
  if (graphs.waits > 0) {
    graphs.waits -= 1
    return 0
  }
  const growth = held - graphs.floor
  return growth > 1.5 * graphs.step ? growth : 0
}
