// Handles that nobody can reach any more pin memory until V8 looks. Past a budget an await makes it look.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pinnedBytes, reportPinned } from './handle.js'

/** Growth of what handles pin, since the last look, that makes an await collect in any case. */
const BUDGET_BYTES = 512 * 2 ** 20
/** Growth that makes it collect when that is cheap: V8 enlarges its young generation while dropped handles wait. */
const SOFT_BYTES = 2 * 2 ** 20
/** A soft collection may take a twentieth of the time: beside a large JavaScript heap one can cost 200 ms. */
const TIME_SHARE = 20
const ROUNDS = 4

let floor = 0
let lastEnd = 0
let lastCost = 0
let gc: (() => void) | null = null

function collector(): () => void {
  if (gc === null) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
  }
  return gc
}

/** Repeats collection and macrotask until what handles pin stops falling: at most four times, once when it is only cheap to. */
export async function collect(force = false): Promise<void> {
  if (pinnedBytes() < floor) floor = pinnedBytes()
  const growth = pinnedBytes() - floor
  const hard = force || growth >= BUDGET_BYTES
  if (!hard && !isCheap(growth)) return
  const start = performance.now()
  for (let round = 0; round < (hard ? ROUNDS : 1); round++) {
    const before = pinnedBytes()
    collector()()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    if (pinnedBytes() >= before) break
  }
  floor = pinnedBytes()
  lastEnd = performance.now()
  lastCost = lastEnd - start
  reportPinned()
}

function isCheap(growth: number): boolean {
  return growth >= Math.max(SOFT_BYTES, floor / 4) && performance.now() - lastEnd >= TIME_SHARE * lastCost
}
