// What nobody can reach any more holds memory until V8 collects: tensors by their guards, and graphs that never saw a backward by those of their
// results. V8 sees small objects only, so past a budget an await makes it collect. Why these rules and numbers: docs/design/collection.md.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pinnedBytes, reportPinned } from './handle.js'
import { native } from './load.js'

/** Growth of what is held, since the last collection, that makes an await collect in any case. */
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
/** The most full collections in a row. */
const ROUNDS = 4
/** A collection that freed less than this part of what it was started for was in vain. */
const FOUND_SHARE = 1 / 8
/** How much later full ones may come after ones in vain: what is held on purpose (another's graph, a file just read) looks like dropped. */
const MAX_BACKOFF = 64
/** The most awaits that pass without suspecting graphs, after ones that suspected them in vain. */
const MAX_SKIPPED = 64

/** Other libraries may switch V8's flag as well, and know nothing of our turns. */
const ATTEMPTS = 3

type Gc = (options?: { type: 'minor' }) => void
let gc: Gc | null = null

/** Collections of one kind: what the last one left and cost, and whether the next is worth it. */
class Collection {
  /** What guards pin after the last one, or the least since. */
  floor = 0
  private end = 0
  private cost = 0
  /** The factor by which the next one comes later than its cost alone asks for. */
  private backoff = 1
  /** Bytes that the next one is started for. */
  private expected = 0

  constructor(
    private readonly options: { type: 'minor' } | undefined,
    private readonly softBytes: number,
    private readonly graphShare: number,
    private readonly maxBackoff: number,
  ) {}

  /** Collects and lets V8 tell who ended: it does in later turns of the event loop. */
  async run(): Promise<void> {
    const held = pinnedBytes() + native.activationBytes()
    const start = performance.now()
    exposedGc()(this.options)
    const took = performance.now() - start
    // One that took far longer than the last was held up by the machine.
    this.cost = this.cost > 0 ? Math.min(took, 2 * this.cost) : took
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    const freed = held - pinnedBytes() - native.activationBytes()
    this.backoff = freed >= FOUND_SHARE * this.expected ? 1 : Math.min(this.maxBackoff, 2 * this.backoff)
    this.expected = 0
    this.floor = pinnedBytes()
    this.end = performance.now()
  }

  /** Whether growth of what is pinned, or graphs that seem to be dropped, are worth it now. */
  isDue(dropped: number): boolean {
    const pinned = pinnedBytes()
    this.floor = Math.min(this.floor, pinned)
    const growth = pinned - this.floor
    this.expected = Math.max(growth, dropped)
    if (isUrgent(growth, dropped)) return true
    if (growth >= Math.max(this.softBytes, this.floor / 4) && this.isCheap(TIME_SHARE)) return true
    return dropped >= SOFT_BYTES && this.isCheap(this.graphShare)
  }

  private isCheap(share: number): boolean {
    return performance.now() - this.end >= (this.backoff * this.cost) / share
  }
}

/** Only what was made since the last few: a few milliseconds, however large the heap is. */
const young = new Collection({ type: 'minor' }, SOFT_BYTES, GRAPH_TIME_SHARE, 1)
/** Everything. */
const full = new Collection(undefined, FULL_SOFT_BYTES, TIME_SHARE, MAX_BACKOFF)
let running: Promise<void> | null = null

const graphs = {
  /** What they hold when none is dropped. */
  floor: 0,
  /** What they held at the last await. */
  last: 0,
  /** The most that one await found more than the one before: the graph of a step. */
  step: 0,
  /** Awaits that still pass without suspecting any. */
  toSkip: 0,
  /** How many passed the last time. */
  skipped: 0,
}

/** V8's own `gc`, which it gives to new contexts while its flag is set. */
function exposedGc(): Gc {
  if (gc !== null) return gc
  // Where the program itself was started with the flag, it stays as it is.
  let found = 'gc' in globalThis ? reach() : undefined
  for (let attempt = 0; found === undefined && attempt < ATTEMPTS; attempt++) found = reachByFlag()
  if (found === undefined) warnOfNone()
  return (gc = found ?? (() => {}))
}

/** The flag is the process's: a worker that set it back in between would leave this one without. */
function reachByFlag(): Gc | undefined {
  let found: Gc | undefined
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

function reach(): Gc | undefined {
  return runInNewContext('globalThis.gc') as Gc | undefined
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
    // Many that await at once need one collection, not one each.
    if (!force) return
  }
  const dropped = force ? 0 : droppedGraphs()
  if (!force && !young.isDue(dropped)) return
  running = (force ? collectAll() : collectDue(dropped)).finally(() => (running = null))
  await running
}

/** What survived two young collections is seen by full ones only: they come when what the young one left has grown. */
async function collectDue(dropped: number): Promise<void> {
  const held = native.activationBytes()
  await young.run()
  const left = dropped > 0 ? suspectedGraphs() : 0
  if (full.isDue(left)) {
    if (isUrgent(pinnedBytes() - full.floor, left)) await collectAll()
    else await full.run()
  }
  settleGraphs(held, dropped > 0)
  reportPinned()
}

/** At most four times: what ended may have held others. */
async function collectAll(): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const before = pinnedBytes() + native.activationBytes()
    await full.run()
    if (pinnedBytes() + native.activationBytes() >= before) break
  }
  young.floor = full.floor
  settleGraphs(native.activationBytes(), false)
  reportPinned()
}

function isUrgent(growth: number, dropped: number): boolean {
  return growth >= BUDGET_BYTES || dropped >= BUDGET_BYTES
}

/** Bytes by which graphs have grown beyond that of one step; 0 when there is nothing to suspect. */
function droppedGraphs(): number {
  const held = graphBytes()
  graphs.step = Math.max(held - graphs.last, graphs.step * 0.9)
  graphs.last = held
  graphs.floor = Math.min(graphs.floor, held)
  if (graphs.toSkip > 0) {
    graphs.toSkip -= 1
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
  // Whoever holds two graphs on purpose shall not pay for a collection at each await.
  const found = held - left >= graphs.step / 2
  graphs.skipped = found ? 0 : Math.min(MAX_SKIPPED, 2 * graphs.skipped + 1)
  graphs.toSkip = graphs.skipped
}
