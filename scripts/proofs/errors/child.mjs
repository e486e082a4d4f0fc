// Programs in processes of their own: for wrong uses that end a process, or that need limits of the system.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository: `loralib` resolves from here. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const here = (name) => JSON.stringify(new URL(name, import.meta.url).href)

/** At the head of each program: `attempt(name, run)` reports the outcome of a wrong use, `say(name, value)` a value. */
const HEAD = `
import * as lora from 'loralib'
import { asData, caught } from ${here('judge.mjs')}
import { checksum, knownStep, makeWorld, train } from ${here('world.mjs')}
const say = (name, value) => console.log(JSON.stringify({ name, value }))
const attempt = async (name, run) => {
  const { error, when } = await caught(run)
  const data = error instanceof lora.LoraError ? asData(error) : { message: String(error?.stack ?? error) }
  console.log(JSON.stringify({ name, when, error: data }))
}
`

/**
 * Runs a program; `wrap` is a command in front, e.g. `['prlimit', '--as=4000000000']`. Returns how it ended, and what it reported: by name, either
 * `{when, error}` or `{value}`. Killed after `limitMs`, which shows as a signal.
 */
export function runChild(text, { wrap = [], env = {}, limitMs = 120_000, uid } = {}) {
  const command = [...wrap, process.execPath, '--input-type=module', '--eval', HEAD + text]
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (part) => (out += part))
    child.stderr.setEncoding('utf8').on('data', (part) => (errors += part))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, told: read(out), out, errors, ms: performance.now() - started })
    })
  })
}

function read(out) {
  const told = new Map()
  for (const line of out.split('\n')) {
    if (!line.startsWith('{')) continue
    const { name, ...rest } = JSON.parse(line)
    told.set(name, rest)
  }
  return told
}
