// Where the addon of this package is: beside it in a clone of the repository, else in the package of the platform.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SCOPE } from './platform.js'

/** Not imported: webpack replaces calls of an imported one by what it knows when it bundles. */
export const { createRequire } = process.getBuiltinModule('node:module')

/** The file that this code runs from; undefined where a bundler has made CommonJS of it. */
const SELF: string | undefined = (import.meta as { url?: string }).url

/** Node's variable of that name, where a bundler has made CommonJS of this file. */
declare const __filename: string | undefined

/** Files to look for packages from: this one, and what a bundle may have been made into. */
function places(): string[] {
  const { argv, cwd } = process
  const resources = (process as { resourcesPath?: string }).resourcesPath
  const all = [
    SELF,
    fileOfScript(),
    argv[1],
    join(cwd.call(process), 'index.js'),
    resources && join(resources, 'app.asar', 'index.js'),
  ]
  return [...new Set(all.filter((place) => place !== undefined && place !== ''))] as string[]
}

function fileOfScript(): string | undefined {
  try {
    return __filename
  } catch {
    // An ES module. Bundlers take `typeof __filename` for what they know of it.
    return undefined
  }
}

/** The folder of this file, or null where it has none, as in `data:` modules. */
function ownFolder(): string | null {
  return SELF?.startsWith('file:') ? dirname(fileURLToPath(SELF)) : null
}

/** The file of the addon for a platform, or null when it is not installed. */
export function findAddon(platform: string): string | null {
  // dist/loralib.js, into which all modules are bundled, is beside native/.
  const folder = ownFolder()
  const built = folder && join(folder, '..', 'native', `loralib.${platform}.node`)
  if (built && existsSync(built)) return built
  return findPackage(platform)
}

/** The file of the addon with CUDA, or null when its package is not installed. */
export function findCudaAddon(): string | null {
  return findPackage(`cuda-${process.platform}-${process.arch}`)
}

function findPackage(name: string): string | null {
  for (const place of places()) {
    const found = resolve(place, `${SCOPE}/${name}`) ?? throughPackage(place, `${SCOPE}/${name}`)
    if (found !== null) return outsideArchive(found)
  }
  return null
}

function resolve(place: string, name: string): string | null {
  try {
    return createRequire(place).resolve(name)
  } catch {
    return null
  }
}

/** From a bundle: pnpm and Yarn's Plug'n'Play let only loralib itself see the packages that it depends on. */
function throughPackage(place: string, name: string): string | null {
  const own = resolve(place, 'loralib/package.json')
  return own && resolve(own, name)
}

/** The system loads a library from a real file alone: the copy beside an archive of Electron, where there is one. */
function outsideArchive(path: string): string {
  const unpacked = path.replace(/\.asar(?=[\\/])/, '.asar.unpacked')
  return existsSync(unpacked) ? unpacked : path
}

/** How this package came to be where it is. */
export function surroundings(): { isBundled: boolean; isClone: boolean; folder: string; platforms: string[] } {
  const folder = ownFolder()
  const root = folder && join(folder, '..')
  return {
    isBundled: root === null || packageName(root) !== 'loralib',
    isClone: root !== null && existsSync(join(root, 'Cargo.toml')),
    folder: folder ?? process.cwd(),
    platforms: installedPlatforms(folder ?? process.cwd()),
  }
}

function packageName(folder: string): string | null {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }).name ?? null
  } catch {
    return null
  }
}

/** The platforms whose packages lie in a folder node_modules at or above `from`. */
function installedPlatforms(from: string): string[] {
  for (let at = from; ; at = dirname(at)) {
    try {
      return readdirSync(join(at, 'node_modules', SCOPE))
    } catch {
      if (at === dirname(at)) return []
    }
  }
}
