// The test suites, each counted: Rust, ava, conformance. `npm test` and `npm run check` run the same ones.
import { existsSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { cargo } from './cargo.mjs'
import { inRoot, run, runTool, tool } from './run.mjs'
import { filesBelow, staleBuild } from './stamp.mjs'

export const fixtures = '../shared/fixtures'

/** crates/kernels and crates/core: no Node, no npm packages. Two test programs run at a time, since most use one thread. */
export async function rustTests() {
  // The addon's crate has no tests; it is named so that the two get the features of their dependencies with which it was built.
  const crates = ['kernels', 'core', 'node'].flatMap((crate) => ['-p', `loralib-${crate}`])
  const args = ['test', '--release', ...crates, '--no-run', '--message-format=json-render-diagnostics']
  const built = await cargo(args, { onLine: (line) => !line.startsWith('{') })
  if (built.code !== 0) return { ok: false, note: 'the tests do not compile' }

  const programs = testPrograms(built.out)
  if (!programs.length) return { ok: false, note: 'cargo named no test program' }
  let [passed, failed, ignored, crashed] = [0, 0, 0, false]
  const runNext = async () => {
    for (let program = programs.shift(); program; program = programs.shift()) {
      const { code, out, errors } = await run(program.path, [], { cwd: program.folder, show: false })
      const counts = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/m.exec(out)
      if (code !== 0 || !counts) console.log(`   ${program.name}: status ${code}\n${failures(out)}${errors}`)
      crashed ||= code !== 0 || !counts
      const [good, bad, left] = counts ? counts.slice(1).map(Number) : [0, 0, 0]
      ;[passed, failed, ignored] = [passed + good, failed + bad, ignored + left]
      console.log(`   ${program.name}: ${good} passed, ${bad} failed`)
    }
  }
  await Promise.all([runNext(), runNext()])
  return { passed, failed, crashed, note: ignored ? `${ignored} ignored` : undefined }
}

/** The test programs in cargo's messages. Those of crates/kernels come first: its unit tests take the longest. */
function testPrograms(messages) {
  const found = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((message) => message.executable && message.profile.test)
    .map(({ executable, manifest_path: manifest, target }) => {
      const folder = dirname(manifest)
      return { path: executable, folder, name: `crates/${basename(folder)} ${target.kind[0]} ${target.name}` }
    })
  const first = (program) => Number(!program.name.includes('kernels'))
  return found.sort((a, b) => first(a) - first(b))
}

/** Lines of single tests that passed are left out. */
const failures = (out) => out.replaceAll(/^test .* ok\n|^\n|^running \d+ tests?\n/gm, '')

/** `__test__/lora/linear.test.ts` in ava's TAP output: `lora › linear`. */
const avaTitle = (file) =>
  file
    .replace(/^__test__\//, '')
    .replace(/\.test\.ts$/, '')
    .split('/')
    .join(' › ')

const testFiles = () => filesBelow(['__test__'], (file) => file.endsWith('.test.ts'))

/** Compiles __test__ to build/; returns what is wrong, or null. `builds` are what the tests will use. */
export async function compileTests(builds = ['addon', 'ts']) {
  // They would not test the present sources.
  const old = staleBuild(builds)
  if (old) return old
  rmSync(inRoot('build'), { recursive: true, force: true })
  const compiled = await runTool('typescript', 'tsc', ['-p', 'tsconfig.test.json'])
  return compiled.code === 0 ? null : 'the tests do not compile against the public types'
}

/** Compiles __test__ to build/ and runs ava on it. */
export async function avaTests({ env = {} } = {}) {
  if (!testFiles().length) return { skipped: 'no test file in __test__/' }
  const wrong = await compileTests()
  return wrong === null ? runAva({ env }) : { ok: false, note: wrong }
}

/** Runs ava, by this Node or another one, on the compiled tests. Every test file that was found must have been run. `failures` are titles. */
export async function runAva({ env = {}, node = process.execPath } = {}) {
  const files = testFiles()
  let [passed, skipped] = [0, 0]
  const [titles, failures] = [[], []]
  const onLine = (line) => {
    const test = /^(not )?ok \d+ - (.*)$/.exec(line)
    if (!test) return !/^(TAP version|1\.\.|# (tests|pass|fail|skip)|$)/.test(line)
    const [, not, title] = test
    titles.push(title)
    if (/ # (SKIP|TODO)/.test(title)) skipped++
    else if (not) failures.push(title)
    else passed++
  }
  const { code } = await run(node, [tool('ava'), '--tap'], { env, onLine })
  const ran = (file) => files.length === 1 || titles.some((title) => title.startsWith(`${avaTitle(file)} › `))
  const missed = files.filter((file) => !ran(file))
  if (missed.length) console.error(`found but not run: ${missed.join(', ')}`)
  const note = [`${files.length - missed.length} of ${files.length} files`, skipped && `${skipped} skipped`]
    .filter(Boolean)
    .join(', ')
  return { passed, failed: failures.length + missed.length, crashed: code !== 0, note, failures }
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
