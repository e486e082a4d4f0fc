// npm run proof:platforms [-- TARGET ...] [--only build,training,rust,ava] [--files PART,PART] [--record]: builds each target from packages alone and runs its tests,
// under an emulator where this machine is another one. A table at the end says what holds, and what has not run.
//
// Everything that it fetches and makes lies in .cache/platforms (some 12 GB for all targets). A stage that is done is not done again until its sources
// change, and the tests are kept file by file: a run that is cut off goes on where it was. `--record` writes the results to scripts/platforms/results, from where another
// machine goes on; `--table` only prints. It needs Linux on x64 with Debian's apt-get, Python 3 and Rust.
import { flag, readArgs, readNames, text } from './lib/args.mjs'
import { fail } from './lib/run.mjs'
import { aligned } from './lib/table.mjs'
import { build, isBuilt } from './platforms/build.mjs'
import { rust } from './platforms/rust.mjs'
import { keptStage, record, recorded } from './platforms/stages.mjs'
import { targets } from './platforms/targets.mjs'
import { sumOf, test } from './platforms/tests.mjs'
import { train } from './platforms/training.mjs'

const STAGES = ['build', 'training', 'rust', 'ava']

process.exitCode = await main()

async function main() {
  const options = { only: text, files: text, table: flag, record: flag }
  const { values, positionals } = readArgs({ options, positionals: Infinity })
  const names = positionals.length
    ? readNames(positionals.join(), 'target', Object.keys(targets))
    : Object.keys(targets)
  if (process.platform !== 'linux' || process.arch !== 'x64') fail('the packages of the tools are for Linux on x64')
  const only = readNames(values.only, 'stage', STAGES) ?? STAGES
  const files = values.files?.split(',') ?? []
  if (!values.table) for (const name of names) await runStages(name, targets[name], only, files)
  if (values.record) names.forEach(record)
  const rows = names.map((name) => rowOf(name, targets[name]))
  const commits = new Set(names.map((name) => recorded(name).commit).filter(Boolean))
  if (commits.size > 0)
    console.log(`recorded at ${[...commits].join(', ')}; a stage that ran here since then counts in its place`)
  console.log(
    aligned([['target', 'addon', 'glibc', 'training', 'Rust tests', 'ava'], ...rows.map(({ cells }) => cells)]),
  )
  return rows.every(({ ok }) => ok) ? 0 : 1
}

async function runStages(name, target, only, files) {
  if (only.includes('build') && !(await build(name, target)).ok) return
  if (target.checkOnly) return
  if (!isBuilt(name, target)) fail(`${name}: there is no addon yet: run the stage build first`)
  if (only.includes('training')) await train(name, target)
  if (only.includes('rust')) await rust(name, target)
  if (only.includes('ava')) await test(name, target, files)
}

/** What is known of a target. `ok` unless something failed; what has not run is named, and does not count. */
function rowOf(name, target) {
  const kept = (stage) => keptStage(name, stage)?.result
  const [built, trained, crates, ava] = [
    kept(target.checkOnly ? 'check' : 'build'),
    kept('training'),
    kept('rust'),
    sumOf(name),
  ]
  const mb = (bytes) => (bytes / 1e6).toFixed(1)
  const cells = [
    name,
    cell(built, ({ sizeBytes, gzipBytes }) =>
      target.checkOnly ? 'checked, no SDK to link' : `${mb(sizeBytes)} MB, ${mb(gzipBytes)} MB gzipped`,
    ),
    built?.glibc ?? '–',
    target.checkOnly ? '–' : cell(trained, ({ isa, worst }) => `${isa}, within ${worst.toExponential(0)}`),
    target.checkOnly ? '–' : cell(crates, ({ passed }) => `${passed} passed`),
    target.checkOnly ? '–' : cell(ava, avaText, ava && `${ava.failed} failed, ${avaText(ava)}`),
  ]
  return { cells, ok: [built, trained, crates, ava].every((result) => !result || result.ok) }
}

function avaText({ passed, excused, skipped, files, all }) {
  return `${passed} passed, ${excused} excused, ${skipped} skipped; ${files} of ${all} files`
}

function cell(result, text, why = result?.note ?? '') {
  if (!result) return 'not run'
  return result.ok ? text(result) : `FAILED ${why.split('\n')[0]}`.trim()
}
