// The test suites, each counted: Rust, ava, conformance. `npm test` and `npm run check` run the same ones.
import { existsSync, rmSync } from 'node:fs'
import { cargo } from './cargo.mjs'
import { inRoot, run, runTool } from './run.mjs'
import { filesBelow, stale } from './stamp.mjs'

export const fixtures = '../shared/fixtures'

/** crates/kernels and crates/core: no Node, no npm packages. */
export async function rustTests() {
  let [passed, failed, ignored] = [0, 0, 0]
  const onLine = (line) => {
    const counts = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line)
    if (counts)
      [passed, failed, ignored] = [passed + Number(counts[1]), failed + Number(counts[2]), ignored + Number(counts[3])]
    // Lines of single tests are hidden; failures and sums are shown.
    return !/^test .* ok$|^$|^running \d+ tests?$/.test(line)
  }
  // The addon's crate has no tests; it is named so that the two get the features of their dependencies with which it was built.
  const crates = ['kernels', 'core', 'node'].flatMap((crate) => ['-p', `loralib-${crate}`])
  const { code } = await cargo(['test', '--release', ...crates, '--no-fail-fast'], { onLine })
  return { passed, failed, crashed: code !== 0, note: ignored ? `${ignored} ignored` : undefined }
}

/** A stale build stops the tests, since they would not test the present sources. */
function staleBuild() {
  for (const what of ['addon', 'ts']) {
    const why = stale(what)
    if (why) return `${what === 'ts' ? 'dist/' : 'the addon'}: ${why}; run \`npm run build\``
  }
  return null
}

/** `__test__/lora/linear.test.ts` in ava's TAP output: `lora › linear`. */
const avaTitle = (file) =>
  file
    .replace(/^__test__\//, '')
    .replace(/\.test\.ts$/, '')
    .split('/')
    .join(' › ')

/** Compiles __test__ to build/ and runs ava on it. Every test file that was found must have been run. */
export async function avaTests({ env = {} } = {}) {
  const files = filesBelow(['__test__'], (file) => file.endsWith('.test.ts'))
  if (!files.length) return { skipped: 'no test file in __test__/' }
  const old = staleBuild()
  if (old) return { ok: false, note: old }
  rmSync(inRoot('build'), { recursive: true, force: true })
  const compiled = await runTool('typescript', 'tsc', ['-p', 'tsconfig.test.json'])
  if (compiled.code !== 0) return { ok: false, note: 'the tests do not compile against the public types' }

  let [passed, failed, skipped] = [0, 0, 0]
  const titles = []
  const onLine = (line) => {
    const test = /^(not )?ok \d+ - (.*)$/.exec(line)
    if (!test) return !/^(TAP version|1\.\.|# (tests|pass|fail|skip)|$)/.test(line)
    const [, not, title] = test
    titles.push(title)
    if (/ # (SKIP|TODO)/.test(title)) skipped++
    else if (not) failed++
    else passed++
  }
  const { code } = await runTool('ava', 'ava', ['--tap'], { env, onLine })
  const ran = (file) => files.length === 1 || titles.some((title) => title.startsWith(`${avaTitle(file)} › `))
  const missed = files.filter((file) => !ran(file))
  if (missed.length) console.error(`found but not run: ${missed.join(', ')}`)
  const note = [`${files.length - missed.length} of ${files.length} files`, skipped && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ')
  return { passed, failed: failed + missed.length, crashed: code !== 0, note }
}

/** Every case of ../shared/fixtures through the public API. Unsupported cases are counted as such, never as passed. */
export async function conformance({ env = {} } = {}) {
  if (!existsSync(inRoot(fixtures, 'manifest.json')))
    return { skipped: `no ${fixtures}: the reference fixtures are not part of the repository` }
  if (!existsSync(inRoot('scripts/conformance.mjs'))) return { skipped: 'scripts/conformance.mjs is not written yet' }
  const { code, out } = await run(process.execPath, ['scripts/conformance.mjs', fixtures, '--json'], {
    env,
    onLine: () => false,
  })
  let report
  try {
    report = JSON.parse(out)
  } catch {
    return { ok: false, note: `the runner ended with status ${code} and without a report` }
  }
  let [passed, failed, unsupported] = [0, 0, 0]
  for (const [group, counts] of Object.entries(report.groups)) {
    console.log(
      `   ${group}: ${counts.passed} passed, ${counts.failed} failed, ${counts.unsupported} unsupported (worst error ${counts.worst} of the allowed)`,
    )
    ;[passed, failed, unsupported] = [passed + counts.passed, failed + counts.failed, unsupported + counts.unsupported]
  }
  for (const id of report.failed) console.log(`   failed: ${id}`)
  return { passed, failed, crashed: code !== 0, note: `${unsupported} unsupported` }
}
