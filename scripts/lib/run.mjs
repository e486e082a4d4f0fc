// Runs programs and formats times. Needs no npm package: setup.mjs uses it before `npm ci`.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
export const inRoot = (...parts) => join(root, ...parts)
/** Whether a module was started as a program: `isMain(import.meta.url)`. */
export const isMain = (url) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url)
export const say = (text) => console.log(`» ${text}`)

/** "850 ms", "12.3 s", "4 min 05 s" */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}

/** Prints what is done, does it, and prints how long it took. */
export async function timed(what, work) {
  say(`${what} ...`)
  const start = performance.now()
  const result = await work()
  say(`${what}: done in ${duration(performance.now() - start)}`)
  return result
}

/**
 * Runs a program in the repository root. Its output is shown line by line (not with `show: false`) and returned.
 * Never throws: `code` is the exit status, 127 when the program does not exist. `onLine(line)` returning false hides a line.
 */
export function run(program, args = [], { env = {}, show = true, onLine, cwd = root, shell = false } = {}) {
  return new Promise((done) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      shell,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    const follow = (stream, target, keep) => {
      let rest = ''
      const emit = (line) => {
        if (keep) out += `${line}\n`
        if (onLine?.(line) === false || !show) return
        target.write(`${line}\n`)
      }
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop()
        lines.forEach(emit)
      })
      stream.on('end', () => rest && emit(rest))
    }
    let errors = ''
    child.stderr.on('data', (text) => (errors += text))
    follow(child.stdout, process.stdout, true)
    follow(child.stderr, process.stderr, false)
    child.on('error', (error) => done({ code: error.code === 'ENOENT' ? 127 : 126, out, errors: String(error) }))
    child.on('close', (code, signal) => done({ code: code ?? (signal ? 128 : 1), signal, out, errors }))
  })
}

/** Runs a program and ends this process with a clear line when it fails. */
export async function must(program, args, options) {
  const result = await run(program, args, options)
  if (result.code !== 0) {
    if (options?.show === false) process.stderr.write(result.out + result.errors)
    fail(`\`${[program, ...args].join(' ')}\` failed with status ${result.code}`)
  }
  return result
}

export function fail(text) {
  console.error(`\n${text}`)
  process.exit(1)
}

/** The first line that `program args` prints, or null when it does not run. */
export function ask(program, args = ['--version']) {
  const result = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  return result.status === 0 ? (result.stdout || result.stderr).trim().split('\n')[0] : null
}

/** The script of an installed npm package's command, to be run by this Node: no shell and no .cmd files, so it works on Windows too. */
export function tool(name, command = name) {
  const home = inRoot('node_modules', name)
  if (!existsSync(join(home, 'package.json'))) fail(`${name} is not installed: run \`npm ci\``)
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  return join(home, typeof bin === 'string' ? bin : bin[command])
}

/** Runs the command of an npm package: `runTool('typescript', 'tsc', ['-p', '.'])`. */
export const runTool = (name, command, args, options) => run(process.execPath, [tool(name, command), ...args], options)

export const packageJson = () => JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))

/** -1, 0, 1 for two versions such as "1.89" and "1.95.0". */
export function compareVersions(a, b) {
  const [x, y] = [a, b].map((v) => v.split(/[.-]/).map((n) => Number.parseInt(n, 10) || 0))
  for (let i = 0; i < 3; i++) if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) < (y[i] ?? 0) ? -1 : 1
  return 0
}
