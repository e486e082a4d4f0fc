// Reading, saving and training where the host allows no ArrayBuffers over foreign memory.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ask, inRoot, run } from '../../lib/run.mjs'
import { sampleText } from './world.mjs'

const here = (name) => inRoot('scripts/proofs/electron', name)

export async function prove(check) {
  if (process.platform !== 'linux') return 'the shim is loaded by LD_PRELOAD, which Linux has'
  if (!ask('gcc')) return 'no gcc to compile the shim: apt-get install gcc libc6-dev'
  const folder = mkdtempSync(join(tmpdir(), 'loralib-cage-'))
  try {
    const [shim, control] = [join(folder, 'cage.so'), join(folder, 'control.node')]
    await compile(here('cage.c'), shim)
    await compile(here('cage-control.c'), control)
    writeFileSync(join(folder, 'text.txt'), sampleText(60))
    const log = join(folder, 'asked')
    const args = [here('cage-child.mjs'), join(folder, 'text.txt'), control]
    const free = await child(args, {})
    const caged = await child(args, { LD_PRELOAD: shim, CAGE_LOG: log })
    check(
      `an addon of 20 lines: status ${free.status} without the cage, ${caged.status} in it`,
      free.status === 0 && caged.status === 22,
      '0, 22',
    )
    for (const [name, value] of Object.entries(free.seen))
      check(`${name}: the same in the cage`, isDeepStrictEqual(value, caged.seen[name]), JSON.stringify(value))
    check('data belongs to JavaScript', free.seen.isOwned && caged.seen.isOwned)
    const { losses } = free.trained
    check(
      `${losses.length} steps of training, loss ${losses[0].toFixed(3)} to ${losses.at(-1).toFixed(3)}: the same bits`,
      isDeepStrictEqual(losses, caged.trained.losses),
    )
    check('the exported adapter: the same bytes', free.trained.file === caged.trained.file, free.trained.file)
    check('the text of both sides: the same', free.trained.written === caged.trained.written)
    // The control asks once.
    const asked = Number(readFileSync(log, 'utf8')) - 1
    console.log(`        loralib asked ${asked} times for an ArrayBuffer over its own memory and was refused`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return null
}

async function compile(source, target) {
  const { code, errors } = await run('gcc', ['-shared', '-fPIC', '-O1', source, '-o', target, '-ldl'], { show: false })
  if (code !== 0) throw new Error(`gcc ${source}: ${errors}`)
}

async function child(args, env) {
  const { code, out, errors } = await run(process.execPath, args, { env, show: false })
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${errors}`)
  return JSON.parse(out)
}
