// npm run bench:profile -- CASE [--threads N] [--reps N]: the time of the last step of a case, by operation and shape.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArgs } from '../scripts/lib/args.mjs'
import { fail, inRoot, must } from '../scripts/lib/run.mjs'
import { turn } from './lib/pairs.mjs'
import { profileOf } from './lib/profile.mjs'

const text = { type: 'string' }
const { values, positionals } = readArgs({
  positionals: 1,
  options: { threads: { ...text, default: '2' }, reps: { ...text, default: '3' }, small: { type: 'boolean' } },
})
const name = positionals[0] ?? fail('name a case, such as a128')
const home = mkdtempSync(join(tmpdir(), 'loralib-profile-'))
try {
  const trace = join(home, 'trace.json')
  await must(process.execPath, [inRoot('bench', 'prepare.mjs'), name, ...(values.small ? ['--small'] : [])], {
    show: false,
  })
  const args = [name, '--threads', values.threads, '--reps', values.reps, '--warmup', '1']
  const lines = await turn(
    process.execPath,
    [inRoot('bench', 'turn.mjs'), ...args, ...(values.small ? ['--small'] : [])],
    {
      LORALIB_TRACE: trace,
    },
  )
  for (const line of lines) console.log(JSON.stringify(line))
  print(profileOf(JSON.parse(readFileSync(trace, 'utf8'))))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(home, { recursive: true, force: true })
}

function print(profile) {
  if (profile === null) return console.log('the case has no steps of an optimizer')
  const percent = (share) => `${(100 * share).toFixed(1)} %`
  console.log(
    `step ${profile.wallMs.toFixed(1)} ms, ${percent(profile.covered)} of it in operations, ${percent(profile.products)} in products`,
  )
  for (const { name, ms, share, calls, gflops } of profile.rows.filter(({ share }) => share >= 0.0005)) {
    const rate = gflops === null ? '' : `${gflops.toFixed(0)} GFLOP/s`
    console.log(
      `${ms.toFixed(1).padStart(9)} ms ${percent(share).padStart(7)} ${String(calls).padStart(5)} × ${rate.padStart(12)}  ${name}`,
    )
  }
}
