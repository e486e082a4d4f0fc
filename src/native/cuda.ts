// Whether this machine can run the CUDA addon: the driver, NVIDIA's libraries and a test load. Nothing of it is linked or loaded here: what may crash or hang is
// tried in a child process, and each failure is kept as the reason.
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { env } from './env.js'

/** Where something was looked for and why it cannot be used; `reason` is null when it can. */
interface Finding {
  path: string | null
  reason: string | null
}

/** What {@link probeCuda} found. */
export interface CudaReport {
  usable: boolean
  /** The driver's library, its version of CUDA (13000 is 13.0) and the number of devices. */
  driver: Finding & { version: number | null; devices: number | null }
  /** NVIDIA's libraries that the addon needs, in the order in which they are loaded. */
  libraries: (Finding & { name: string })[]
  /** The test load of the addon. */
  addon: Finding
  /** The folders that were searched for the libraries, and what named each. */
  searched: { folder: string; source: string }[]
  /** All reasons, the first one to mend first. */
  reasons: string[]
}

/** Where to look; the defaults are this process's. */
export interface CudaProbe {
  /** The CUDA addon; null when no package with it is installed. */
  addon: string | null
  /** The CPU's addon, which opens libraries in the child process. */
  helper: string
  /** @default process.env */
  variables?: Record<string, string | undefined>
  /** Folders of the system: its libraries, toolkits, and the user's own Python packages. */
  system?: { libraries: readonly string[]; toolkits: string; home: string | undefined }
  /** How long the child may take. The first use of a driver may take seconds. @default 30000 */
  timeoutMs?: number
}

/** What the addon is linked with, by the name in it, with any version; each is loaded after what it needs itself. */
const NEEDED = ['libcudart', 'libnvrtc-builtins', 'libnvrtc', 'libcublasLt', 'libcublas', 'libcurand']

const SYSTEM_LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/lib/wsl/lib',
]
const DRIVER = 'libcuda.so.1'

/** The program of the child: a line of JSON for each part, so that what was found before a crash is kept. */
const CHILD = `
const { helper, driver, libraries, addon } = JSON.parse(process.argv[1])
const tell = (part, result) => require('node:fs').writeSync(1, JSON.stringify({ part, ...result }) + '\\n')
const native = require(helper)
if (driver) tell('driver', JSON.parse(native.probeCudaDriver(driver)))
const failed = native.openLibraries(libraries)
tell('libraries', { failed })
if (addon) { require(addon); tell('addon', {}) }
`

/** Looks for all that the CUDA addon needs, and tries it. Throws nothing. */
export function probeCuda({
  addon,
  helper,
  variables = process.env,
  system,
  timeoutMs = 30_000,
}: CudaProbe): CudaReport {
  const places = system ?? { libraries: SYSTEM_LIBRARIES, toolkits: '/usr/local', home: variables.HOME }
  const searched = foldersOf(variables, places)
  const driver: CudaReport['driver'] = { ...findDriver(variables, places.libraries), version: null, devices: null }
  const libraries = NEEDED.map((name) => findLibrary(name, searched))
  const file: Finding = { path: addon, reason: whyNoAddon(addon) }
  const paths = libraries.flatMap(({ path }) => path ?? [])
  const complete = paths.length === libraries.length
  const tried = addon !== null && file.reason === null && complete
  const lines = runChild({ helper, driver: driver.path, libraries: paths, addon: tried ? addon : null }, timeoutMs)
  judge(lines, driver, libraries, file, tried)
  const reasons = [driver, ...libraries, file].flatMap(({ reason }) => reason ?? [])
  return { usable: reasons.length === 0, driver, libraries, addon: file, searched, reasons }
}

function whyNoAddon(addon: string | null): string | null {
  if (addon === null)
    return 'the package with the CUDA addon is not installed; fix: npm install @loralib/cuda-linux-x64'
  return existsSync(addon) ? null : `${addon}: no such file; fix: install @loralib/cuda-linux-x64 again`
}

/** The folders in which NVIDIA's libraries may lie: what the user names, then toolkits, then Python's packages, then the system. */
function foldersOf(
  variables: Record<string, string | undefined>,
  { libraries, toolkits, home }: NonNullable<CudaProbe['system']>,
): CudaReport['searched'] {
  const listed = (name: string): string[] => (variables[name] ?? '').split(delimiter).filter(Boolean)
  const found: CudaReport['searched'] = []
  const add = (source: string, folders: readonly string[]): void => {
    for (const folder of folders) if (!found.some((known) => known.folder === folder)) found.push({ folder, source })
  }
  add('LORALIB_CUDA_PATH', env.cudaPath(variables).split(delimiter).filter(Boolean).flatMap(withLib))
  for (const name of ['CUDA_PATH', 'CUDA_HOME']) add(name, listed(name).flatMap(withLib))
  add('LD_LIBRARY_PATH', listed('LD_LIBRARY_PATH'))
  const versions = entries(toolkits).filter((name) => /^cuda(-[\d.]+)?$/.test(name))
  add(
    'toolkit',
    versions.map((name) => join(toolkits, name, 'lib64')),
  )
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) add(name, listed(name).flatMap(wheelFolders))
  if (home !== undefined) add('Python packages of the user', wheelFolders(join(home, '.local')))
  add('system', libraries)
  return found.filter(({ folder }) => existsSync(folder))
}

const withLib = (folder: string): string[] => [folder, join(folder, 'lib64'), join(folder, 'lib')]

/** The folders nvidia/NAME/lib of the Python packages below an environment. */
function wheelFolders(prefix: string): string[] {
  const lib = join(prefix, 'lib')
  return entries(lib)
    .filter((name) => name.startsWith('python3'))
    .map((python) => join(lib, python, 'site-packages', 'nvidia'))
    .flatMap((nvidia) => entries(nvidia).map((name) => join(nvidia, name, 'lib')))
}

/** Names in a folder, the highest version first; none when it is not there or cannot be read. */
function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort((a, b) => (a < b ? 1 : -1))
  } catch {
    return []
  }
}

function findDriver(variables: Record<string, string | undefined>, libraries: readonly string[]): Finding {
  const folders = [...(variables.LD_LIBRARY_PATH ?? '').split(delimiter).filter(Boolean), ...libraries]
  const path = folders.map((folder) => join(folder, DRIVER)).find(existsSync) ?? null
  const where = folders.join(', ')
  return {
    path,
    reason: path
      ? null
      : `no ${DRIVER} in ${where}; fix: install NVIDIA's driver, or pass it into the container (--gpus all)`,
  }
}

function findLibrary(stem: string, searched: CudaReport['searched']): CudaReport['libraries'][number] {
  for (const { folder } of searched) {
    const name = entries(folder).find(
      (entry) => entry.startsWith(`${stem}.so.`) && /^[\d.]+$/.test(entry.slice(stem.length + 4)),
    )
    if (name !== undefined) return { name, path: join(folder, name), reason: null }
  }
  const name = `${stem}.so`
  return {
    name,
    path: null,
    reason: `${name} was not found in ${searched.length} folders; fix: install the CUDA 13 toolkit or NVIDIA's wheels, and name their folder in LORALIB_CUDA_PATH`,
  }
}

interface Child {
  lines: Record<string, unknown>[]
  /** How it ended, when it did not end well. */
  ended: string | null
}

function runChild(work: object, timeoutMs: number): Child {
  // At its first use: importing it takes a part of the package's start.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { stdout, stderr, status, signal, error } = spawnSync(process.execPath, ['-e', CHILD, JSON.stringify(work)], {
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines = (stdout ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  if (status === 0) return { lines, ended: null }
  const hung = (error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT'
  const thrown = /^\w*Error: (.*)$/m.exec(stderr ?? '')?.[1]
  const how = hung ? `did not end within ${timeoutMs} ms` : (thrown ?? `ended with ${signal ?? `status ${status}`}`)
  return { lines, ended: how }
}

/** Writes what the child found into the report. */
function judge(
  { lines, ended }: Child,
  driver: CudaReport['driver'],
  libraries: CudaReport['libraries'],
  addon: Finding,
  tried: boolean,
): void {
  const of = (part: string): Record<string, unknown> | undefined => lines.find((line) => line.part === part)
  if (driver.path !== null) {
    const found = of('driver') as { error?: string; version?: number; devices?: number } | undefined
    if (found === undefined) driver.reason = `${driver.path}: the first use of the driver ${ended}`
    else if (found.error !== undefined) driver.reason = `${driver.path}: ${found.error}`
    else if (found.devices === 0)
      driver.reason = `${driver.path}: the driver has no device; fix: is one visible (CUDA_VISIBLE_DEVICES)?`
    driver.version = found?.version ?? null
    driver.devices = found?.devices ?? null
  }
  const opened = of('libraries') as { failed: Record<string, string> } | undefined
  for (const library of libraries) {
    const error = library.path === null ? undefined : opened?.failed[library.path]
    if (error !== undefined) library.reason = `${library.name} cannot be loaded: ${error}`
  }
  if (opened === undefined && (driver.path === null || of('driver') !== undefined)) {
    addon.reason ??= `NVIDIA's libraries could not be loaded: the test process ${ended}`
  } else if (!tried) {
    addon.reason ??= 'it was not tried, since a library is missing'
  } else if (of('addon') === undefined) {
    addon.reason = `${addon.path}: the test load failed: ${ended}`
  }
}
