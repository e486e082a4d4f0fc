// Builds crates/fuzz: libFuzzer, and the engine with counters of its edges. A workspace and a target folder of their own: no ordinary build compiles it.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { ask, fail, inRoot, must, timed } from '../../lib/run.mjs'

const CRATE = inRoot('crates/fuzz')

/** The program `fuzz`; `planted` leaves bounds checks out of its readers. */
export async function buildFuzzer({ planted = false } = {}) {
  if (process.platform === 'win32') fail('The fuzzer is built on Linux and macOS alone.')
  if (ask('c++') === null) fail('The fuzzer needs a C++ compiler, c++, for libFuzzer.')
  takeLock()
  const target = inRoot('target', planted ? 'fuzz-planted' : 'fuzz')
  const env = { RUSTC_WRAPPER: inRoot('scripts/proofs/fuzz/rustc.sh'), CARGO_TARGET_DIR: target }
  const args = ['build', '--release', ...(planted ? ['--features', 'planted'] : [])]
  await timed(planted ? 'the fuzzer, with bounds checks left out' : 'the fuzzer', () =>
    must('cargo', args, { cwd: CRATE, env, show: false }),
  )
  return `${target}/release/fuzz`
}

/** The engine is compiled with the versions of its own lock file; cargo adds those of libFuzzer. */
function takeLock() {
  const own = inRoot('Cargo.lock')
  const hash = createHash('sha256').update(readFileSync(own)).digest('hex')
  const [lock, stamp] = [`${CRATE}/Cargo.lock`, inRoot('.cache/fuzz/lock')]
  if (existsSync(lock) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  copyFileSync(own, lock)
  mkdirSync(inRoot('.cache/fuzz'), { recursive: true })
  writeFileSync(stamp, hash)
}
