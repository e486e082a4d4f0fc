// Why the addon can't be loaded, and what to do about it.
import { statSync } from 'node:fs'
import { UnsupportedError } from '../errors.js'
import { surroundings } from './find-addon.js'
import { PLATFORMS, SCOPE, describeLibrary, glibcVersion, libc, platformText } from './platform.js'
import { VERSION } from './version.js'

/** The oldest glibc that the prebuilt addons run on: Node 20 itself needs it. */
const OLDEST_GLIBC = '2.28'
const VARIABLE = 'LORALIB_NATIVE_PATH'
const BUILD = 'in this clone of the repository run: npm run build'

/** No addon was found for a platform. */
export function notInstalled(platform: string): UnsupportedError {
  const name = `${SCOPE}/${platform}`
  const where = surroundings()
  const what = `the addon of loralib for ${platformText(platform)} is not installed`
  if (where.isClone) {
    return new UnsupportedError({
      what: 'the addon of loralib is not built',
      expected: `native/loralib.${platform}.node in the clone of the repository`,
      received: `no such file above ${where.folder}`,
      fix: BUILD,
    })
  }
  if (!PLATFORMS.includes(platform)) {
    return new UnsupportedError({
      what: `loralib has no prebuilt addon for ${platformText(platform)}`,
      expected: `one of ${PLATFORMS.join(', ')}`,
      received: `${process.platform} ${process.arch}, Node ${process.versions.node}`,
      fix: `build it in a clone of the repository (npm run build) and set ${VARIABLE} to the file in native/`,
    })
  }
  if (where.isBundled) {
    return new UnsupportedError({
      what: 'loralib was bundled, and its addon is not beside the bundle',
      expected: `${name} in a node_modules folder at or above ${where.folder}`,
      received: `${process.platform} ${process.arch}, Node ${process.versions.node}, no such package`,
      fix: `keep loralib outside the bundle and install it where the bundle runs. esbuild: --external:loralib; Vite: ssr: { external: ['loralib'] }; webpack: externals: { loralib: 'module loralib' } ('commonjs loralib' for CommonJS); Rollup: external: ['loralib']`,
    })
  }
  const others = where.platforms.filter((each) => each !== platform)
  return new UnsupportedError({
    what,
    expected: `the package ${name} ${VERSION}, an optional dependency of loralib`,
    received:
      others.length > 0
        ? `packages for another system: ${others.map((each) => `${SCOPE}/${each}`).join(', ')}`
        : `no package of ${SCOPE} in node_modules at or above ${where.folder}`,
    fix:
      others.length > 0
        ? `node_modules or the lock file was made on another system: delete both and run npm install on this one, or add the package: npm install ${name}@${VERSION}`
        : `install with optional dependencies (npm install --include=optional; without --omit=optional or --no-optional), or add the package: npm install ${name}@${VERSION}`,
  })
}

/** A file that is not there, or that the system refuses to load. */
export function notLoaded(file: string, isChosen: boolean, cause: unknown): UnsupportedError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const refused = (parts: { expected: string; received?: string; fix: string }): UnsupportedError =>
    new UnsupportedError({
      what: 'the addon of loralib cannot be loaded',
      expected: parts.expected,
      received: parts.received ?? `${file}: ${message}`,
      fix: parts.fix,
      cause,
    })
  const again = isChosen
    ? `set ${VARIABLE} to another file, or unset it`
    : surroundings().isClone
      ? BUILD
      : `install it again: delete its folder and run npm install`
  const size = sizeOf(file)
  if (size === null) {
    return refused({
      expected: 'a file that is there',
      received: `${file}, which is not there (${process.platform} ${process.arch})`,
      fix: isChosen ? again : BUILD,
    })
  }
  const found = describeLibrary(file)
  const { platform, arch } = process
  if (found.os !== undefined && (found.os !== platform || (found.arch !== undefined && found.arch !== arch))) {
    return refused({
      expected: `a library for ${platformText()}`,
      received: `${file}: ${found.text}`,
      fix: isChosen ? again : 'node_modules was made on another system: delete it and run npm install on this one',
    })
  }
  const glibc = /GLIBC_([\d.]+)'? not found/.exec(message)
  if (glibc) {
    return refused({
      expected: `glibc ${OLDEST_GLIBC} or newer for the prebuilt addon, ${glibc[1]} for this file`,
      received: `glibc ${glibcVersion() ?? 'of an unknown version'}: ${message}`,
      fix: `use a newer system (from Debian 10, Ubuntu 20.04 or RHEL 8 on), or build it there: npm run build in a clone of the repository, and ${VARIABLE}`,
    })
  }
  if (/permission denied|EACCES|not permitted|failed to map segment/i.test(message)) {
    return refused({
      expected: 'a file that this user may read and map',
      fix: 'give this user the right to read it (chmod a+r), and mount its folder without noexec',
    })
  }
  if (/\.asar[\\/]/.test(file)) {
    return refused({
      expected: 'the addon outside the archive, since the system loads libraries from real files alone',
      fix: `unpack it: asarUnpack: ['**/node_modules/${SCOPE}/**'] for electron-builder, the auto-unpack-natives plugin for Electron Forge (docs/electron.md)`,
    })
  }
  if (found.os === undefined || /cut off|file too short|invalid ELF header/i.test(message)) {
    return refused({
      expected: 'a whole library',
      received: `${file}, ${found.text}${found.os === undefined ? '' : `, ${size} bytes`}: ${message}`,
      fix: isChosen ? again : `the file is damaged: delete its folder and run npm install again`,
    })
  }
  if (platform === 'linux' && /musl|relocating|ld-linux|libc\.so/.test(message)) {
    return refused({
      expected: `a library for ${libc() === 'musl' ? 'musl' : 'glibc'}, which this Node runs on`,
      fix: isChosen ? again : 'node_modules was made on another system: delete it and run npm install on this one',
    })
  }
  return refused({ expected: `a library for ${platformText()} and Node ${process.versions.node}`, fix: again })
}

/** A library that is not this package's. */
export function otherVersion(file: string, isChosen: boolean, version: string | null): UnsupportedError {
  const name = `${SCOPE}/${/loralib\.([\w-]+)\.node$/.exec(file)?.[1] ?? '…'}`
  const fix = isChosen
    ? `set ${VARIABLE} to the file of version ${VERSION}, or unset it`
    : surroundings().isClone
      ? BUILD
      : `install both in one version: npm install loralib@${VERSION} ${name}@${VERSION}`
  return new UnsupportedError({
    what:
      version === null
        ? 'the file is not an addon of loralib'
        : 'the addon of loralib is of another version than loralib',
    expected: `version ${VERSION}`,
    received: version === null ? file : `${version}, in ${file}`,
    fix,
  })
}

function sizeOf(file: string): number | null {
  try {
    return statSync(file).size
  } catch {
    return null
  }
}
