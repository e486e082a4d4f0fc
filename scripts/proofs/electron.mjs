// Proves, without Electron, that loralib and the example app work under Electron's rules. Electron itself downloads its program and cannot be had everywhere.
//
//   node scripts/proofs/electron.mjs [--short] [--only cage,asar,builder,workers,fork,reload,page]
//
// `cage`     no ArrayBuffers over memory outside of V8, as in Electron's memory cage: a shim makes Node refuse them, and reading, saving and training give
//            the same bits as without. Linux with gcc.
// `asar`     the app is packed by @electron/asar with the rules of its electron-builder.cjs; the addon lies beside the archive, all that the app imports is
//            there, and the trainer runs from the unpacked files, far from this checkout. What is missing is said in the window.
// `builder`  the same by electron-builder itself, installed into .cache, with a program that does nothing in the place of Electron. Linux.
// `workers`  the trainer's code in worker threads: the same bits, two at once, one terminated in the middle.
// `fork`     the app's main process with a stand-in for `electron`, and the trainer as a child process with the same message interface: it trains, tells how far
//            it is, is stopped, is killed, comes back with what it had saved, runs out of disk.
// `reload`   a page that loads again in the middle of a training finds everything, and misses no step.
// `page`     the page itself in Chromium, with its own preload script, policy and files, before the same main process: drop a text, train, see the curve, compare,
//            export; light and dark. Screenshots lie in out/electron.
// A part that this machine cannot run says why and counts as not run. `--short` trains for seconds where the long form trains for a minute.
import { mkdirSync } from 'node:fs'
import { readArgs, readNames, flag, text } from '../lib/args.mjs'
import { duration, inRoot } from '../lib/run.mjs'
import { layApp } from './electron/world.mjs'
import { checks } from './lib/report.mjs'

const PARTS = ['cage', 'asar', 'builder', 'workers', 'fork', 'reload', 'page']

const { values } = readArgs({ options: { short: flag, only: text } })
const chosen = readNames(values.only, 'part', PARTS) ?? PARTS
const settings = { short: values.short, out: inRoot('out/electron') }
mkdirSync(settings.out, { recursive: true })
layApp()

const check = checks({ judgeTimes: !values.short })
const notRun = []
for (const part of chosen) {
  console.log(`\n── ${part}`)
  const start = performance.now()
  const { prove } = await import(`./electron/${part}.mjs`)
  const why = await prove(check, settings).catch((error) => {
    console.error(error)
    check(`${part} came to its end`, false)
  })
  if (why) {
    notRun.push(part)
    console.log(`not run  ${part}: ${why}`)
  }
  console.log(`   ${duration(performance.now() - start)}`)
}
console.log(`\nnot run here: Electron itself${notRun.map((part) => `, ${part}`).join('')}`)
check.end()
// Streams of the engine, which this process may have started, must not keep it.
process.exit()
