import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { env } from '../env.js'
import { UnsupportedError } from '../errors.js'
import type * as Binding from './binding.js'

/** The addon's functions and classes. */
export type Native = typeof Binding

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'native')

/** This machine as napi names it, e.g. linux-x64-gnu. */
function platformName(): string {
  const { platform, arch } = process
  if (platform === 'linux') {
    const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
    return `linux-${arch}-${report?.header?.glibcVersionRuntime ? 'gnu' : 'musl'}`
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
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
