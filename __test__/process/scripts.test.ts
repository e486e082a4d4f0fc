// The scripts of the repository: an argument is used, or refused with a status that is not 0.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FOLDERS = ['scripts', 'scripts/proofs', 'bench']
const programs = FOLDERS.flatMap((folder) =>
  readdirSync(`${ROOT}${folder}`)
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => `${folder}/${name}`),
)

/** A script that refuses its arguments has done nothing else before. */
function start(path: string, args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, said: stdout + stderr }
}

test('scripts: an option that no script has is refused, by its name', (t) => {
  t.true(programs.length > 30, String(programs.length))
  // It hands its arguments on to npm.
  for (const path of programs.filter((path) => path !== 'scripts/lock.mjs')) {
    const { status, said } = start(path, ['--no-such-option'])
    t.true(status !== null && status > 0, `${path}: status ${status}\n${said}`)
    t.regex(said, /no-such-option/, path)
  }
})

test('scripts: none reads its arguments past the functions that refuse', (t) => {
  for (const path of programs) {
    const text = readFileSync(ROOT + path, 'utf8')
    t.false(/process\.argv\.(includes|indexOf)/.test(text), path)
  }
})

test('scripts: npm run build knows its features and targets, and says so', (t) => {
  const cases: [args: string[], said: RegExp][] = [
    [['--features', 'metal'], /no such feature: metal; there are cuda/],
    [['--feature', 'cuda'], /--features VALUE/],
    [['--features'], /--features/],
    [['--features', 'cuda', '--ts'], /leave --addon and --ts out/],
    [['ts'], /ts: not expected/],
  ]
  for (const [args, expected] of cases) {
    const { status, said } = start('scripts/build.mjs', args)
    t.is(status, 1, args.join(' '))
    t.regex(said, expected)
  }
})

test('scripts: names that are not there are refused', (t) => {
  for (const [path, args] of [
    ['scripts/check.mjs', ['--only', 'nothing']],
    ['scripts/check.mjs', ['--without', 'nothing']],
    ['scripts/test.mjs', ['--only', 'nothing']],
    ['scripts/proofs/loop.mjs', ['--only', 'nothing']],
    ['scripts/proofs/memory.mjs', ['--only', 'nothing']],
  ] as const) {
    const { status, said } = start(path, [...args])
    t.true(status !== null && status > 0, `${path}: ${said}`)
    t.regex(said, /nothing/)
  }
})
