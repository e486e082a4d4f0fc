// npm run lock: `npm install`, then a package-lock.json that works everywhere. A registry mirror without the packages of other
// platforms makes npm leave them out of the lock, and `npm ci` then refuses it; this adds them by name and version.
import { readFileSync, writeFileSync } from 'node:fs'
import { fail, inRoot, must, say } from './lib/run.mjs'

const platform =
  /-(aix|android|darwin|freebsd|netbsd|openbsd|openharmony|linux|sunos|win32|wasm32)-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasi|x64|universal)/

/** The lock entry of an optional package whose name ends in its platform, such as `@rollup/rollup-linux-arm64-musl`. */
function entryFor(name, version) {
  const [, os, cpu] = platform.exec(name) ?? fail(`package-lock.json lacks ${name}, whose name tells no platform`)
  const entry = { version, dev: true, optional: true }
  if (os === 'wasm32') return { ...entry, cpu: ['wasm32'] }
  if (cpu !== 'universal') entry.cpu = [cpu]
  // A name without a C library is of a program that needs none.
  if (name.includes('musl')) entry.libc = ['musl']
  else if (os === 'linux' && name.includes('gnu')) entry.libc = ['glibc']
  return { ...entry, os: [os] }
}

const npm = process.env.npm_execpath ?? fail('start this with `npm run lock`')
await must(process.execPath, [npm, 'install', '--no-audit', '--no-fund', '--loglevel=error', ...process.argv.slice(2)])
const path = inRoot('package-lock.json')
const lock = JSON.parse(readFileSync(path, 'utf8'))
const missing = Object.values(lock.packages)
  .flatMap((entry) => Object.entries(entry.optionalDependencies ?? {}))
  .filter(([name]) => !lock.packages[`node_modules/${name}`])
for (const [name, version] of missing) lock.packages[`node_modules/${name}`] = entryFor(name, version)
for (const entry of Object.values(lock.packages)) delete entry.resolved
const { '': root, ...others } = lock.packages
lock.packages = { '': root, ...Object.fromEntries(Object.entries(others).sort(([a], [b]) => a.localeCompare(b, 'en'))) }
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
say(`package-lock.json: ${missing.length} packages of other platforms added`)
