// Stages that are done once: their result is kept with a hash of what it came from, so that a run that was cut off goes on where it was; on another machine too, where the
// results were recorded in scripts/platforms/results.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { ask, duration, inRoot, root, say } from '../lib/run.mjs'
import { home } from './packages.mjs'

/**
 * The result of `work`, an object of plain values; that of an earlier run when `inputs`, a list of texts, are as they were and it was `ok`.
 * A stage that failed is done again.
 */
export async function stage(target, name, inputs, work) {
  if (isCurrent(target, name, inputs)) return keptStage(target, name).result
  const start = performance.now()
  say(`${target}: ${name} ...`)
  const result = await work()
  const timeMs = performance.now() - start
  keepStage(target, name, inputs, result)
  say(`${target}: ${name}: ${result.ok ? 'done' : 'FAILED'} in ${duration(timeMs)}`)
  return result
}

/** Keeps the result of a stage that was done, with what it came from. */
export function keepStage(target, name, inputs, result) {
  const path = stagePath(target, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify({ hash: hashOf(inputs), result }, null, 2)}\n`)
}

const stagePath = (target, name) => home(target, 'stages', `${name}.json`)

const hashOf = (inputs) => createHash('sha256').update(JSON.stringify(inputs)).digest('hex')

/** Whether a stage was done, and from the same inputs. */
export function isCurrent(target, name, inputs) {
  const kept = keptStage(target, name)
  return kept !== null && kept.hash === hashOf(inputs) && kept.result.ok
}

/** What an earlier run left of a stage, here or recorded, whatever has changed since; null when there is nothing. */
export function keptStage(target, name) {
  const path = stagePath(target, name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : (recorded(target).stages[name] ?? null)
}

const recordPath = (target) => inRoot(`scripts/platforms/results/${target}.json`)

const records = new Map()

/** The results that came with the sources: `{ commit, stages }`, each stage as it is kept. */
export function recorded(target) {
  const path = recordPath(target)
  if (!records.has(target))
    records.set(target, existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { commit: null, stages: {} })
  return records.get(target)
}

/** Writes what is kept of a target into the sources, without the output of tests. */
export function record(target) {
  const folder = home(target, 'stages')
  const { stages } = recorded(target)
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true }) : []
  for (const file of files.filter((each) => each.endsWith('.json'))) {
    const { hash, result } = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const { details: _, ...rest } = result
    stages[
      file
        .split(sep)
        .join('/')
        .replace(/\.json$/, '')
    ] = { hash, result: rest }
  }
  const sorted = Object.fromEntries(Object.entries(stages).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  mkdirSync(dirname(recordPath(target)), { recursive: true })
  const commit = ask('git', ['rev-parse', '--short', 'HEAD'])
  writeFileSync(recordPath(target), `${JSON.stringify({ commit, stages: sorted }, null, 1)}\n`)
}

const hashes = new Map()

/** The hash of a file, below the root of the repository or anywhere; each is read once in a run. */
export function fileHash(file) {
  const path = resolve(root, file)
  if (!hashes.has(path)) hashes.set(path, createHash('sha256').update(readFileSync(path)).digest('hex'))
  return hashes.get(path)
}
