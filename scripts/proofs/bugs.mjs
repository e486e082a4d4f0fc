// Proves that each of loralib's bugs B1 to B27 (docs/porting-from-loralib.md) exists upstream and not here: runs loralib and measures its
// behaviour, runs the tests named after the numbers, and prints both side by side.
//
//   node scripts/proofs/bugs.mjs
//
// PyTorch and loralib are installed in .cache/venv-loralib (once; 3 GB on Linux). Exit code 1 when a bug does not show upstream, or when its test is missing or
// fails.
import { readArgs } from '../lib/args.mjs'
import { fail, inRoot, must, runTool } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { TORCH } from '../lib/torch.mjs'
import { pythonWith } from '../lib/venv.mjs'

const BUGS = Array.from({ length: 27 }, (_, i) => `B${i + 1}`)
const OLD_RELEASE = inRoot('.cache', 'venv-loralib', 'loralib-0.1.1')

const INSTALLS = [
  TORCH,
  ['--no-deps', 'loralib==0.1.2', 'numpy==2.4.6'],
  ['--no-deps', '--target', OLD_RELEASE, 'loralib==0.1.1'],
]

readArgs()
needBuild()
const upstream = await measureUpstream()
const tests = await runTests()
const results = BUGS.map((bug) => judge(bug, upstream.get(bug), tests.get(bug) ?? []))
print(results)
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1

/** Bug → `{version, shown, says}`. */
async function measureUpstream() {
  const python = await pythonWith('venv-loralib', INSTALLS, 'this proof measures what loralib does')
  const { out } = await must(python, ['-W', 'ignore', inRoot('scripts/proofs/bugs/upstream.py'), OLD_RELEASE], {
    show: false,
  })
  const found = out.split('\n').filter((line) => line.startsWith('{'))
  return new Map(found.map((line) => JSON.parse(line)).map(({ bug, ...measured }) => [bug, measured]))
}

/** Bug → `[{title, passed}]`, from ava's TAP. */
async function runTests() {
  const compiled = await runTool('typescript', 'tsc', ['-p', 'tsconfig.test.json'], { show: true })
  if (compiled.code !== 0) fail('the tests do not compile')
  const found = new Map()
  const onLine = (line) => {
    const [, not, bug, title] = /^(not )?ok \d+ - .*?\b(B\d+): (.*)$/.exec(line) ?? []
    if (bug) found.set(bug, [...(found.get(bug) ?? []), { title, passed: !not && !/ # (SKIP|TODO)/.test(title) }])
    return false
  }
  await runTool('ava', 'ava', ['--tap', 'build/lora/bugs-*.test.js'], { onLine })
  return found
}

function judge(bug, measured, own) {
  const holds = own.length > 0 && own.every(({ passed }) => passed)
  const shown = measured?.shown === true
  const verdict = [shown || 'NOT SHOWN', holds || (own.length ? 'FAILED' : 'NO TEST')].filter((word) => word !== true)
  return { bug, upstream: measured ?? null, tests: own, verdict: verdict.join(', ') || 'ok', ok: shown && holds }
}

function print(results) {
  const rows = [['bug', 'upstream, measured', 'here: title of the test', 'verdict']]
  for (const { bug, upstream: measured, tests: own, verdict } of results) {
    const says = measured ? `loralib ${measured.version}: ${measured.says}` : 'not measured'
    rows.push([bug, says, own.map(({ title }) => title).join('; '), verdict])
  }
  const widths = [3, 64, 56, 10]
  for (const [i, row] of rows.entries()) {
    if (i > 0) console.log(widths.map((width) => '-'.repeat(width)).join('-+-'))
    const cells = row.map((text, column) => wrap(text, widths[column]))
    for (let line = 0; line < Math.max(...cells.map((cell) => cell.length)); line++) {
      console.log(
        cells
          .map((cell, column) => (cell[line] ?? '').padEnd(widths[column]))
          .join(' | ')
          .trimEnd(),
      )
    }
  }
  const bad = results.filter(({ ok }) => !ok)
  console.log('')
  for (const { bug, verdict } of bad) console.log(`${bug}: ${verdict.toLowerCase()}`)
  console.log(`${results.length - bad.length} passed, ${bad.length} failed`)
}

/** Lines of at most `width` characters, broken at spaces where possible. */
function wrap(text, width) {
  const lines = ['']
  for (const word of text.match(new RegExp(`\\S{1,${width}}`, 'g')) ?? []) {
    const last = lines.at(-1)
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
