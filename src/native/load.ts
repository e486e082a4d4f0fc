// Loads the addon, once for all of the package.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { probeCuda } from './cuda.js'
import { env } from './env.js'
import { createRequire, findAddon, findCudaAddon } from './find-addon.js'
import { notInstalled, notLoaded, otherVersion } from './load-errors.js'
import { platformName, wantedBytes } from './platform.js'
import { VERSION } from './version.js'
import type * as Binding from './binding.js'
import type { CudaReport } from './cuda.js'

/** The addon's functions and classes. */
export type Native = typeof Binding

function load(): Native {
  const file = addonFile()
  const plain = open(file, env.nativePath !== undefined)
  return /^(cuda|auto)\b/.test(env.device) && !plain.hasCuda() ? withCuda(plain, file) : plain
}

function addonFile(): string {
  if (env.nativePath !== undefined) return resolve(env.nativePath)
  const file = findAddon(platformName())
  if (file === null) throw notInstalled(platformName())
  return file
}

let report: CudaReport | null = null

/** The addon with CUDA, where it can be used: its package, NVIDIA's driver and libraries, and a load in another process. Else the plain one, with the reasons. */
function withCuda(plain: Native, file: string): Native {
  report = probeCuda({ addon: findCudaAddon(), helper: file })
  if (report.usable && report.addon.path !== null) {
    plain.openLibraries(report.libraries.flatMap(({ path }) => path ?? []))
    return open(report.addon.path, false)
  }
  plain.noteWithoutCuda(report.reasons.join('; '))
  return plain
}

/** What stands for or against CUDA on this machine. Without `LORALIB_DEVICE` it is looked at now, in another process. */
export function explainCuda(): CudaReport {
  return (report ??= probeCuda({ addon: findCudaAddon(), helper: addonFile() }))
}

function open(file: string, isChosen: boolean): Native {
  let native: Native
  try {
    checkWhole(file)
    native = createRequire(file)(file) as Native
  } catch (cause) {
    throw notLoaded(file, isChosen, cause)
  }
  const version = typeof native?.packageVersion === 'function' ? native.packageVersion() : null
  if (version !== VERSION) throw otherVersion(file, isChosen, version)
  return native
}

/** A library that was cut off is not refused by Linux: the process would end with SIGBUS when it is first used. */
function checkWhole(file: string): void {
  const { size } = statSync(file)
  const wanted = wantedBytes(file)
  if (size < wanted) throw new Error(`it is cut off: ${size} of at least ${wanted} bytes`)
}

/** The addon. Loading it starts nothing: the engine starts at the first use. */
export const native: Native = load()
native.beginEnvironment()
if (env.trace) process.once('exit', () => native.flushTrace())
if (native.lacksVectors()) {
  process.emitWarning(
    'this processor has no AVX2: loralib works, some ten times slower than on processors since 2013 or 2015',
    {
      type: 'LoraWarning',
      code: 'LORA_SLOW_CPU',
    },
  )
}
