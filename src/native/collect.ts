// Unreachable tensors hold memory until V8 collects their guards, and so do graphs without a backward, through the guards of their results. V8 sees
// only small objects, so above a budget an await makes it collect. Why these rules and numbers: docs/design/collection.md.
import { pinnedBytes, reportPinned } from './handle.js'
import { native } from './load.js'

/** Growth of held memory since the last collection that makes an await collect in any case. */
const BUDGET_BYTES = 512 * 2 ** 20
/**
 * Growth that makes it collect when that is cheap. Between two steps little is alive, so V8 has little to copy; its own young collections come
 * in the middle of a step, and V8 enlarges the young generation each time it has to copy much.
 */
const SOFT_BYTES = 2 ** 20
/** The same for full collections, which also find what young ones cannot: the few objects that survived two young collections. */
const FULL_SOFT_BYTES = 16 * 2 ** 20
/** The most of the total time that collections which are not urgent may take: with a large JavaScript heap a full one can cost half a second. */
const TIME_SHARE = 1 / 20
/** The same for young collections of dropped graphs. It is larger, so that a loop that drops a graph at each step holds two of them, not all. */
const GRAPH_TIME_SHARE = 1 / 8
/** The most full collections in a row. */
const ROUNDS = 4
/** A collection that freed less than this part of what was expected counts as useless. */
const FOUND_SHARE = 1 / 8
/** The largest factor by which full ones are delayed after useless ones: memory held on purpose (another graph, a file just read) looks dropped. */
const MAX_BACKOFF = 64
/** The most awaits in a row that do not check for dropped graphs, after checks that found none. */
const MAX_SKIPPED = 64

/** Tries to get V8's `gc`: other libraries may switch the flag meanwhile, without our lock. */
const ATTEMPTS = 3

type Gc = (options?: { type: 'minor' }) => void
let gc: Gc | null = null

/** Collections of one kind: what the last one left and cost, and whether the next one is due. */
class Collection {
  /** Bytes pinned by guards after the last one, or the least since. */
  floor = 0
  private end = 0
  private cost = 0
  /** The factor by which the next one comes later than its cost alone requires. */
  private backoff = 1
  /** Bytes that the next one is expected to free. */
  private expected = 0

  constructor(
    private readonly isYoung: boolean,
    private readonly softBytes: number,
    private readonly graphShare: number,
    private readonly maxBackoff: number,
  ) {}

  /** Collects and lets V8 run the finalisers, which it does in later turns of the event loop. */
  async run(): Promise<void> {
    const held = pinnedBytes() + native.activationBytes()
    const start = performance.now()
    const gc = exposedGc()
    // Only without any argument is it a full one in every version of V8: `gc(undefined)` is a young one from Node 22 on, `{ type: 'major' }` before.
    if (this.isYoung) gc({ type: 'minor' })
    else gc()
    const took = performance.now() - start
    // If it took far longer than the last one, the machine was busy.
    this.cost = this.cost > 0 ? Math.min(took, 2 * this.cost) : took
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    const freed = held - pinnedBytes() - native.activationBytes()
    this.backoff = freed >= FOUND_SHARE * this.expected ? 1 : Math.min(this.maxBackoff, 2 * this.backoff)
    this.expected = 0
    this.floor = pinnedBytes()
    this.end = performance.now()
  }

  /** Whether the growth of pinned bytes, or of graphs that seem to be dropped, justifies a collection now. */
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

/** Of recent objects only: takes a few milliseconds, however large the heap is. */
const young = new Collection(true, SOFT_BYTES, GRAPH_TIME_SHARE, 1)
/** Of the whole heap. */
const full = new Collection(false, FULL_SOFT_BYTES, TIME_SHARE, MAX_BACKOFF)
let running: Promise<void> | null = null

const graphs = {
  /** Bytes that they hold when none is dropped. */
  floor: 0,
  /** Bytes that they held at the last await. */
  last: 0,
  /** The largest growth between two awaits: the graph of a step. */
  step: 0,
  /** How many of the next awaits do not check for dropped graphs. */
  toSkip: 0,
  /** How many did not the last time. */
  skipped: 0,
}

/** V8's own `gc`, which new contexts have while its flag is set. */
function exposedGc(): Gc {
  if (gc !== null) return gc
  // When the program was started with the flag, it is left set.
  let found = 'gc' in globalThis ? reach() : undefined
  for (let attempt = 0; found === undefined && attempt < ATTEMPTS; attempt++) found = reachByFlag()
  if (found === undefined) warnOfNone()
  return (gc = found ?? (() => {}))
}

/** One thread at a time, since the flag belongs to the process: a worker that cleared it in between would leave this thread without `gc`. */
function reachByFlag(): Gc | undefined {
  let found: Gc | undefined
  // At its first use: importing it takes a part of the package's start.
  const { setFlagsFromString } = process.getBuiltinModule('node:v8')
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
  return process.getBuiltinModule('node:vm').runInNewContext('globalThis.gc') as Gc | undefined
}

function warnOfNone(): void {
  process.emitWarning(
    "V8's garbage collector cannot be called: tensors dropped without dispose(), using or scope() hold memory until V8 collects by itself",
    { type: 'LoraWarning', code: 'LORA_NO_COLLECTOR', detail: 'starting Node with --expose-gc helps' },
  )
}

/** Collects if that is due; with `force` in any case, and repeatedly until no more memory is freed. */
export async function collect(force = false): Promise<void> {
  if (running !== null) {
    await running
    // One collection serves all that await at the same time.
    if (!force) return
  }
  const dropped = force ? 0 : droppedGraphs()
  if (!force && !young.isDue(dropped)) return
  running = (force ? collectAll() : collectDue(dropped)).finally(() => (running = null))
  await running
}

/** A young collection, then a full one if what the young one left has grown: objects that survived two young ones are found by full ones only. */
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

/** Full collections, at most {@link ROUNDS}: an object that is freed may have held others. */
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

/** Bytes of graphs that seem to be dropped: their growth when it exceeds the graph of one step, else 0. */
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

/** Activation bytes that are not pinned by guards. */
function graphBytes(): number {
  return native.activationBytes() - (pinnedBytes() - Math.min(young.floor, pinnedBytes()))
}

/** Takes the bytes that are left as held on purpose. */
function settleGraphs(held: number, wereSuspected: boolean): void {
  const left = native.activationBytes()
  // The graph of one step may be in use while its loss is awaited.
  graphs.floor = left >= 0.9 * graphs.step ? left - graphs.step : left
  graphs.last = left
  if (!wereSuspected) return
  // A program that holds two graphs on purpose must not pay for a collection at each await.
  const found = held - left >= graphs.step / 2
  graphs.skipped = found ? 0 : Math.min(MAX_SKIPPED, 2 * graphs.skipped + 1)
  graphs.toSkip = graphs.skipped
}
