// Build stamps: what was built from which sources. A stamp holds a hash of the sources, so that a checkout or a copy
// with new file times is not rebuilt, and a changed line always is.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fail, inRoot, root } from './run.mjs'

/** All files at or below the given paths (relative to the root) whose path passes `keep`, sorted. */
export function filesBelow(paths, keep = () => true) {
  const found = []
  const visit = (path) => {
    if (!existsSync(path)) return
    if (statSync(path).isDirectory()) readdirSync(path).forEach((name) => visit(join(path, name)))
    else found.push(relative(root, path).split(sep).join('/'))
  }
  paths.forEach((path) => visit(inRoot(path)))
  return found.filter(keep).sort()
}

export function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(inRoot(file)))
      .update('\0')
  return hash.digest('hex')
}

/** Everything that is built: its sources, the file that must exist, and the path of its stamp. */
const builds = {
  addon: {
    sources: () =>
      hashOf([
        'Cargo.lock',
        'Cargo.toml',
        ...filesBelow(
          ['crates/kernels', 'crates/core', 'crates/node'],
          (f) => /\.(rs|toml|cu)$/.test(f) && !/\/(tests|benches)\//.test(f),
        ),
      ]),
    made: () => addonFile(),
    stamp: 'native/build-stamp.json',
  },
  ts: {
    sources: () =>
      hashOf([
        'package-lock.json',
        'tsconfig.json',
        'tsconfig.build.json',
        'scripts/build.mjs',
        'scripts/options/insert.mjs',
        ...filesBelow(['src'], (f) => f.endsWith('.ts')),
      ]),
    made: () => (existsSync(inRoot('dist/index.js')) ? 'dist/index.js' : null),
    stamp: 'dist/build-stamp.json',
  },
}

/** The addon that is built for this platform, for example native/loralib.linux-x64-gnu.node, or null. */
export function addonFile() {
  const names = existsSync(inRoot('native')) ? readdirSync(inRoot('native')) : []
  const name = names.find((n) => n.startsWith(`loralib.${process.platform}-${process.arch}`) && n.endsWith('.node'))
  return name ? `native/${name}` : null
}

export const sourceHash = (what) => builds[what].sources()

/** The reason why `addon` or `ts` must be built, or null when it is up to date. */
export function stale(what) {
  const { made, stamp } = builds[what]
  if (!made()) return 'not built yet'
  if (!existsSync(inRoot(stamp))) return 'built without a stamp'
  const { sources } = JSON.parse(readFileSync(inRoot(stamp), 'utf8'))
  return sources === sourceHash(what) ? null : 'sources changed since the last build'
}

/** Why one of the builds is not of the present sources, and what to do; null when all are. */
export function staleBuild(wanted = ['addon', 'ts']) {
  for (const what of wanted) {
    const why = stale(what)
    if (why) return `${what === 'ts' ? 'dist/' : 'the addon'}: ${why}; run \`npm run build\``
  }
  return null
}

/** Ends the script unless the builds are of the present sources: it would measure or prove something else. */
export function needBuild(wanted) {
  const why = staleBuild(wanted)
  if (why) fail(why)
}

/** Writes a stamp. Take `sources` before the build starts: a file saved while it runs then counts as changed. */
export function writeStamp(what, sources) {
  const path = inRoot(builds[what].stamp)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    `${JSON.stringify({ sources, made: builds[what].made(), at: new Date().toISOString() }, null, 2)}\n`,
  )
}
