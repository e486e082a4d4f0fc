// The example app before a stand-in for Electron, and a text that somebody could have written.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startApp } from '../../../examples/electron/main/app.mjs'
import { inRoot } from '../../lib/run.mjs'
import { makeElectron } from './stand-in.mjs'

export const SOURCE = inRoot('examples/electron')
/** Where {@link layApp} lays it: as deep as the original, so that it finds models/base. */
export const APP = inRoot('out/own-words')

/** A copy of the app as after `npm install`, with this checkout as its loralib. */
export function layApp() {
  rmSync(APP, { recursive: true, force: true })
  cpSync(SOURCE, APP, { recursive: true, filter: (path) => !['node_modules', 'dist'].includes(basename(path)) })
  mkdirSync(join(APP, 'node_modules'))
  for (const [name, target] of Object.entries({ loralib: inRoot(), 'csv-parse': inRoot('node_modules/csv-parse') }))
    symlinkSync(target, join(APP, 'node_modules', name), 'junction')
}

/** Descriptions of restaurants, as people write them: the data has spaces around punctuation. */
export function sampleRows(count) {
  const lines = readFileSync(inRoot('examples/data/e2e/train.jsonl'), 'utf8').split('\n', count)
  return lines
    .map((line) => JSON.parse(line))
    .map(({ prompt, completion }) => ({ prompt, completion: tidy(completion) }))
}

export function sampleText(count = 300) {
  return sampleRows(count)
    .map(({ completion }) => completion)
    .join('\n')
}

function tidy(text) {
  return text
    .replace(/ ([.,;!?'’])/g, '$1')
    .replace(/ - /g, '-')
    .replace(/£ /g, '£')
}

/** The app, opened: its window is there, and its trainer starts. `close` ends both. `start` is the `startApp` of another copy of the app. */
export async function openApp({ appPath = APP, start = startApp, userData = makeFolder(), ...options } = {}) {
  const standIn = makeElectron({ appPath, userData, ...options })
  start(standIn.electron)
  await setTimeout(0)
  const state = async () => (await standIn.invoke('session:state')).state
  return {
    ...standIn,
    userData,
    state,
    until: (wanted, ms) => until(state, wanted, ms),
    close: () => {
      standIn.electron.app.emit('will-quit')
      rmSync(userData, { recursive: true, force: true })
    },
  }
}

const makeFolder = () => mkdtempSync(join(tmpdir(), 'loralib-electron-'))

/** Waits for a state; the error says which one there was. */
async function until(state, wanted, ms = 120_000) {
  const end = performance.now() + ms
  for (;;) {
    const now = await state()
    if (wanted(now)) return now
    if (performance.now() > end) {
      const { run, ...rest } = now
      throw new Error(
        `waited ${ms} ms for ${wanted}; there is ${JSON.stringify({ ...rest, run: run?.state, step: run?.step })}`,
      )
    }
    await setTimeout(50)
  }
}

export const isReady = ({ trainer, isOpening }) => trainer === 'ready' && !isOpening
export const hasEnded = ({ run }) => ['done', 'stopped', 'failed'].includes(run?.state)
export const hasWritten = ({ writing }) => writing?.isRunning === false
