// npm run bench:builds -- FOLDER CASE… [--pairs 5] [--threads 2] [--reps N] [--warmup N] [--keep-disturbed]
//
// Compares two builds of this package, without PyTorch: FOLDER is another checkout that has been built (`git worktree add`, `npm run build`).
// The two run alternately, there, here, here, there, …, each run in a fresh process with the cases of its own checkout. A pair during which other
// processes used too much of the machine is repeated. The ratio is this build's time over the other's: below 1 this one is faster. Exit code 1 when
// the results differ.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, root } from '../scripts/lib/run.mjs'
import { needBuild } from '../scripts/lib/stamp.mjs'
import { median } from './lib/median.mjs'
import { compareChecks, repetitions } from './lib/pairing.mjs'
import { isDisturbed, nodeTurn, turn } from './lib/pairs.mjs'

const text = { type: 'string' }
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ pairs: { ...text, default: '5' }, threads: { ...text, default: '2' }, reps: text, warmup: text },
    'keep-disturbed': { type: 'boolean', default: false },
  },
})
const [folder, ...names] = positionals
if (!folder || names.length === 0)
  fail('npm run bench:builds -- FOLDER CASE…: another checkout, and cases of the bench')
const other = resolve(folder)
if (!existsSync(resolve(other, 'bench/turn.mjs'))) fail(`${other} is no checkout of this package`)
needBuild()

for (const at of [other, root]) await turn(process.execPath, ['bench/prepare.mjs', ...names], {}, at)
for (const name of names) await compare(name)

/** Runs the pairs of one case, and prints a line for each of its rows. */
async function compare(name) {
  const usual = repetitions(name)
  const given = (key) => Number(values[key] ?? usual[key])
  const settings = { threads: Number(values.threads), reps: given('reps'), warmup: given('warmup') }
  const wanted = Number(values.pairs)
  const pairs = []
  for (let i = 0; i < 3 * wanted && pairs.length < wanted; i++) {
    // Neither side always comes first.
    const order = i % 2 === 0 ? { there: other, here: root } : { here: root, there: other }
    const pair = {}
    for (const [side, at] of Object.entries(order)) pair[side] = await nodeTurn(name, settings, at)
    const counts = values['keep-disturbed'] || !(isDisturbed(pair.there) || isDisturbed(pair.here))
    if (counts) pairs.push(pair)
    console.error(`${name}: pair ${i + 1}${counts ? '' : ': others were busy, dropped'}`)
  }
  if (pairs.length === 0) fail(`${name}: no quiet pair; --keep-disturbed counts the others too`)
  for (const { row, check } of pairs[0].here) {
    const line = (side, lines) => lines[side].find((each) => each.row === row)
    const ratios = pairs.map((pair) => line('here', pair).step_ms / line('there', pair).step_ms)
    const peaks = pairs.map((pair) => line('here', pair).peak_rss_mb / line('there', pair).peak_rss_mb)
    const differs = compareChecks(name, check, line('there', pairs[0]).check)
    if (differs !== 'ok') process.exitCode = 1
    console.log(
      `${(row ? `${name}: ${row}` : name).padEnd(48)} time ${show(ratios)}   memory ${show(peaks)}   ${pairs.length} pairs, results ${differs}`,
    )
  }
}

function show(ratios) {
  return `${median(ratios).toFixed(3)} (${Math.min(...ratios).toFixed(3)} … ${Math.max(...ratios).toFixed(3)})`
}
