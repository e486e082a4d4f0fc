// Handles that nobody can reach any more pin memory until V8 looks. Past a budget an await makes it look.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pinnedBytes, reportPinned } from './handle.js'

/** Growth of what handles pin, since the last look, that makes an await collect. */
const BUDGET_BYTES = 512 * 2 ** 20
const ROUNDS = 4

let floor = 0
let gc: (() => void) | null = null

function collector(): () => void {
  if (gc === null) {
    setFlagsFromString('--expose-gc')
    gc = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
  }
  return gc
}

/** Repeats collection and macrotask until what handles pin stops falling, at most four times; nothing below the budget. */
export async function collect(force = false): Promise<void> {
  if (pinnedBytes() < floor) floor = pinnedBytes()
  if (!force && pinnedBytes() - floor < BUDGET_BYTES) return
  for (let round = 0; round < ROUNDS; round++) {
    const before = pinnedBytes()
    collector()()
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    if (pinnedBytes() >= before) break
  }
  floor = pinnedBytes()
  reportPinned()
}
