// What nobody can reach any more holds memory until V8 looks: tensors by their guards, and graphs that never saw a backward by those of their
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
/** The same for full collections, which see what young ones cannot: a few objects that were in use when V8 looked twice. */
const FULL_SOFT_BYTES = 16 * 2 ** 20
/** What is only cheap to do may take this part of the time: beside a large JavaScript heap a full collection can cost half a second. */
const TIME_SHARE = 1 / 20
/** A young one for dropped graphs may take more: a loop that drops one at each step shall hold two, not all. */
const GRAPH_TIME_SHARE = 1 / 8
const ROUNDS = 4
/** A look that found less than this part of what it was taken for was in vain. */
const FOUND_SHARE = 1 / 8
/** How much later full looks may come after ones in vain: what is held on purpose (another's graph, a file just read) looks like dropped. */
const MOST_RESTRAINT = 64
/** Awaits without a look for graphs after ones that found none. */
const MOST_PATIENCE = 64

/** Other libraries may switch V8's flag as well, and know nothing of our turns. */
const ATTEMPTS = 3

type Collector = (options?: { type: 'minor' }) => void
let collector: Collector | null = null

/** A way to collect, and what it left the last time. */
class Look {
  /** What guards pin after the last look, or the least since. */
  floor = 0
  private end = 0
  private cost = 0
  /** The factor by which the next look comes later than its cost alone asks for. */
  private restraint = 1
  /** Bytes for which the next look is taken. */
  private suspected = 0

  constructor(
    private readonly options: { type: 'minor' } | undefined,
    private readonly softBytes: number,
    private readonly graphShare: number,
    private readonly mostRestraint: number,
  ) {}

  /** Collects and lets V8 tell who ended: it does in later turns of the event loop. */
  async take(): Promise<void> {
    const held = pinnedBytes() + native.activationBytes()
    const start = performance.now()
    exposed()(this.options)
    const took = performance.now() - start
    // One that took far longer than the last was held up by the machine.
    this.cost = this.cost > 0 ? Math.min(took, 2 * this.cost) : took
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    const found = held - pinnedBytes() - native.activationBytes()
    this.restraint = found >= FOUND_SHARE * this.suspected ? 1 : Math.min(this.mostRestraint, 2 * this.restraint)
    this.suspected = 0
    this.floor = pinnedBytes()
    this.end = performance.now()
  }

  /** Whether growth of what is pinned, or graphs that seem to be dropped, are worth it now. */
  isDue(dropped: number): boolean {
    const pinned = pinnedBytes()
    this.floor = Math.min(this.floor, pinned)
    const growth = pinned - this.floor
    this.suspected = Math.max(growth, dropped)
    if (isHard(growth, dropped)) return true
    if (growth >= Math.max(this.softBytes, this.floor / 4) && this.isCheap(TIME_SHARE)) return true
    return dropped >= SOFT_BYTES && this.isCheap(this.graphShare)
  }

  private isCheap(share: number): boolean {
    return performance.now() - this.end >= (this.restraint * this.cost) / share
  }
}

/** Only what was made since the last few looks: a few milliseconds, however large the heap is. */
const young = new Look({ type: 'minor' }, SOFT_BYTES, GRAPH_TIME_SHARE, 1)
/** Everything. */
const full = new Look(undefined, FULL_SOFT_BYTES, TIME_SHARE, MOST_RESTRAINT)
let running: Promise<void> | null = null

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

/** V8's own `gc`, which it gives to new contexts while its flag is set. */
function exposed(): Collector {
  if (collector !== null) return collector
  // Where the program itself was started with the flag, it stays as it is.
  let found = 'gc' in globalThis ? reach() : undefined
  for (let attempt = 0; found === undefined && attempt < ATTEMPTS; attempt++) found = reachByFlag()
  if (found === undefined) warnOfNone()
  return (collector = found ?? (() => {}))
}

/** The flag is the process's: a worker that set it back in between would leave this one without. */
function reachByFlag(): Collector | undefined {
  let found: Collector | undefined
  native.oneThreadAtATime(() => {
    setFlagsFromString('--expose-gc')
    try {
      found = reach()
    } finally {
      setFlagsFromString('--no-expose-gc')
    }
  })
  return found
}

function reach(): Collector | undefined {
  return runInNewContext('globalThis.gc') as Collector | undefined
}

function warnOfNone(): void {
  process.emitWarning(
    "V8's garbage collector cannot be asked to run: tensors dropped without dispose(), using or scope() hold memory until V8 collects by itself",
    { type: 'LoraWarning', code: 'LORA_NO_COLLECTOR', detail: 'starting Node with --expose-gc helps' },
  )
}

/** Collects what an await finds worth it; by force, repeats it until what is held stops falling. */
export async function collect(force = false): Promise<void> {
  if (running !== null) {
    await running
    // Many that await at once need one look, not one each.
    if (!force) return
  }
  const dropped = force ? 0 : droppedGraphs()
  if (!force && !young.isDue(dropped)) return
  running = (force ? collectAll() : collectDue(dropped)).finally(() => (running = null))
  await running
}

/** What survived two young looks is seen by full ones only: they come when what the young one left has grown. */
async function collectDue(dropped: number): Promise<void> {
  const held = native.activationBytes()
  await young.take()
  const left = dropped > 0 ? suspectedGraphs() : 0
  if (full.isDue(left)) {
    if (isHard(pinnedBytes() - full.floor, left)) await collectAll()
    else await full.take()
  }
  settleGraphs(held, dropped > 0)
  reportPinned()
}

/** At most four times: what ended may have held others. */
async function collectAll(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const before = pinnedBytes() + native.activationBytes()
    await full.take()
    if (pinnedBytes() + native.activationBytes() >= before) break
  }
  young.floor = full.floor
  settleGraphs(native.activationBytes(), false)
  reportPinned()
}

function isHard(growth: number, dropped: number): boolean {
  return growth >= BUDGET_BYTES || dropped >= BUDGET_BYTES
}

/** Bytes by which graphs have grown beyond that of one step; 0 when there is nothing to suspect. */
function droppedGraphs(): number {
  const held = graphBytes()
  graphs.step = Math.max(held - graphs.last, graphs.step * 0.9)
  graphs.last = held
  graphs.floor = Math.min(graphs.floor, held)
  if (graphs.waits > 0) {
    graphs.waits -= 1
    return 0
  }
  return suspectedGraphs()
}

function suspectedGraphs(): number {
  const growth = graphBytes() - graphs.floor
  return growth > 1.5 * graphs.step ? growth : 0
}

/** What guards pin is no graph. */
function graphBytes(): number {
  return native.activationBytes() - (pinnedBytes() - Math.min(young.floor, pinnedBytes()))
}

/** Takes what is left as what graphs hold on purpose. */
function settleGraphs(held: number, wereSuspected: boolean): void {
  const left = native.activationBytes()
  // The graph of one step may be in use while its loss is awaited.
  graphs.floor = left >= 0.9 * graphs.step ? left - graphs.step : left
  graphs.last = left
  if (!wereSuspected) return
  // Whoever holds two graphs on purpose shall not pay for a look at each await.
  const found = held - left >= graphs.step / 2
  graphs.patience = found ? 0 : Math.min(MOST_PATIENCE, 2 * graphs.patience + 1)
  graphs.waits = graphs.patience
}
