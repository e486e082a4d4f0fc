import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { env } from './env.js'
import { UnsupportedError } from '../errors.js'
import type * as Binding from './binding.js'

/** The addon's functions and classes. */
export type Native = typeof Binding

// Relative to dist/loralib.js, into which all modules are bundled.
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'native')

/** This platform as napi names it, e.g. linux-x64-gnu. */
function platformName(): string {
  const { platform, arch } = process
  if (platform === 'linux') {
    return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

/** Whether this Node runs on musl. `ldd` is a script that names its library; Node's own report, which is reliable, takes some ten milliseconds. */
function isMusl(): boolean {
  try {
    const ldd = readFileSync('/usr/bin/ldd', 'latin1')
    if (ldd.includes('musl')) return true
    if (ldd.includes('GNU C Library') || ldd.includes('GLIBC')) return false
  } catch {
    // Images without a shell have no ldd.
  }
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header?.glibcVersionRuntime === undefined
}

function load(): Native {
  const file = env.nativePath ?? join(FOLDER, `loralib.${platformName()}.node`)
  if (!existsSync(file)) {
    throw new UnsupportedError({
      what: 'loralib has no addon for this machine',
      expected: file,
      received: `${process.platform} ${process.arch}, Node ${process.versions.node}`,
      fix: 'in a clone of the repository run: npm run build',
    })
  }
  try {
    return createRequire(import.meta.url)(file) as Native
  } catch (cause) {
    throw new UnsupportedError({
      what: 'the addon of loralib cannot be loaded',
      received: `${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      fix: 'in a clone of the repository run: npm run build',
      cause,
      expected: 'a library for this machine and this Node',
    })
  }
}

/** The addon. Loading it starts nothing: the engine starts at the first use. */
export const native: Native = load()
native.beginEnvironment()
if (env.trace) process.once('exit', () => native.flushTrace())
