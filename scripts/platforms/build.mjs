// Builds the addon of a target: stripped, with its symbols beside it, and with no newer glibc than the oldest that Node runs on.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { compareVersions, fail, run, say } from '../lib/run.mjs'
import { crateCounter } from '../lib/crates.mjs'
import { hashOf, sourceHash } from '../lib/stamp.mjs'
import { debs, home } from './packages.mjs'
import { isCurrent, stage } from './stages.mjs'
import { GLIBC_LIMIT } from './targets.mjs'
import { cargoFor } from './toolchain.mjs'

const how = ['targets', 'toolchain', 'build'].map((name) => `scripts/platforms/${name}.mjs`)
const inputs = () => [sourceHash('addon'), hashOf(how)]

/** What the addons are built from: what a stage that uses one depends on. A build on another machine has other bytes. */
export const builtFrom = () => inputs().join()

/** The file of a target's addon. The packing script takes it from here. */
export const addonOf = (name, { tuple }) => home(name, `loralib.${tuple}.node`)

/** `{ ok, sizeBytes, gzipBytes, glibc }`, or `{ ok }` where nothing can be linked. */
export function build(name, target) {
  if (target.checkOnly) return stage(name, 'check', inputs(), () => check(target))
  return stage(name, 'build', inputs(), async () => {
    const crate = ['--release', '--package', 'loralib-node']
    if (!(await cargo(target, 'build', crate))) return { ok: false, note: 'it does not compile' }
    const file = await keepSymbols(name, target, builtLibrary(target))
    const bytes = readFileSync(file)
    const glibc = target.glibc ? await newestGlibc(file) : null
    const isOld = glibc === null || compareVersions(glibc, GLIBC_LIMIT) <= 0
    const note = isOld ? undefined : `it needs glibc ${glibc}; at most ${GLIBC_LIMIT} is allowed`
    return { ok: isOld, note, glibc, sizeBytes: bytes.length, gzipBytes: gzipSync(bytes).length }
  })
}

/** Whether the addon that is there can be tested; says so when it was built from other sources than the present ones. */
export function isBuilt(name, target) {
  if (!existsSync(addonOf(name, target))) return false
  if (!isCurrent(name, 'build', inputs())) say(`${name}: its addon is of other sources than the present ones`)
  return true
}

async function check(target) {
  const crates = ['kernels', 'core', 'node'].flatMap((each) => ['--package', `loralib-${each}`])
  return { ok: await cargo(target, 'check', ['--release', ...crates]) }
}

/** Whether a command of cargo for a target succeeds. */
async function cargo(target, command, more) {
  const { program, args, env } = await cargoFor(target, command)
  return (await run(program, [...args, ...more], { env, onLine: crateCounter() })).code === 0
}

function builtLibrary({ rust }) {
  const name = rust.includes('windows') ? 'loralib_node.dll' : 'libloralib_node.so'
  return home('target', rust, 'release', name)
}

/** Splits a library into the addon and a file of symbols for crash reports, which the addon names. Returns the addon's path. */
async function keepSymbols(name, target, library) {
  const file = addonOf(name, target)
  mkdirSync(join(file, '..'), { recursive: true })
  for (const old of [file, `${file}.debug`]) rmSync(old, { force: true })
  copyFileSync(library, file)
  await binutils('objcopy', ['--only-keep-debug', file, `${file}.debug`])
  await binutils('objcopy', ['--strip-all', `--add-gnu-debuglink=${file}.debug`, file])
  if (!existsSync(file) || statSync(file).size >= statSync(library).size) fail(`${file} was not stripped`)
  return file
}

/** The newest version of glibc among the symbols that a library takes from it. */
async function newestGlibc(file) {
  const symbols = await binutils('objdump', ['--dynamic-syms', file])
  const versions = [...symbols.matchAll(/\bGLIBC_(\d+(?:\.\d+)+)/g)].map((match) => match[1])
  if (versions.length === 0) fail(`${file} names no version of glibc`)
  return versions.reduce((a, b) => (compareVersions(a, b) < 0 ? b : a))
}

/** Debian's binutils for all machines; those of the system know its own. */
async function binutils(tool, args) {
  const root = await debs('binutils', ['binutils-multiarch'])
  const env = { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') }
  const { code, out, errors } = await run(join(root, `usr/bin/x86_64-linux-gnu-${tool}`), args, { env, show: false })
  if (code !== 0) fail(`${tool} ${args.join(' ')}\n${errors}`)
  return out
}
