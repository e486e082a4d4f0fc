// The app as it is installed, and what must hold for it once it is packed, whoever packs it.
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import asar from '@electron/asar'
import { inRoot } from '../../lib/run.mjs'
import { builtAddons, packAll } from '../../pack.mjs'
import { SOURCE, hasEnded, hasWritten, isReady, openApp, sampleText } from './world.mjs'

export const CONFIG = createRequire(import.meta.url)(join(SOURCE, 'electron-builder.cjs'))

/** The platform whose addon is built here, such as linux-x64-gnu, or null. */
export function platformHere() {
  const { platform, arch } = process
  return Object.keys(builtAddons()).find((name) => name.startsWith(`${platform}-${arch}`)) ?? null
}

/** The app's folder after `npm install --omit=dev`, with its base where the configuration expects it; the packages are those that would be published. */
export async function layInstalled(home, own) {
  const app = join(home, 'examples/electron')
  cpSync(inRoot('models/base'), join(home, 'models/base'), { recursive: true })
  for (const pattern of [...CONFIG.files, 'package.json', 'electron-builder.cjs']) copyMatches(SOURCE, app, pattern)
  await packAll({ out: join(home, 'packages'), only: ['loralib', own] })
  const modules = join(app, 'node_modules')
  cpSync(join(home, 'packages/stage/loralib'), join(modules, 'loralib'), { recursive: true })
  cpSync(join(home, 'packages/stage', own), join(modules, '@loralib', own), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'loralib/package.json'), 'utf8'))
  for (const name of Object.keys(dependencies))
    cpSync(inRoot('node_modules', name), join(modules, name), { recursive: true })
  return app
}

/** A file, or a folder with all that is in it: the two kinds of patterns that the configuration has. */
function copyMatches(from, to, pattern) {
  const path = pathOf(pattern)
  mkdirSync(dirname(join(to, path)), { recursive: true })
  cpSync(join(from, path), join(to, path), { recursive: true })
}

/** The file or the folder that a pattern means. */
export function pathOf(pattern) {
  const path = pattern.replace(/\/\*\*$/, '')
  if (path.includes('*')) throw new Error(`electron-builder.cjs: this proof reads names and NAME/**, not ${pattern}`)
  return path
}

export function contents(check, resources, app, own) {
  const archive = join(resources, 'app.asar')
  const all = asar.listPackage(archive).map((path) => path.slice(1).replaceAll('\\', '/'))
  const isFile = (path) => !asar.statFile(archive, path).files
  const isPacked = (path) => !asar.statFile(archive, path).unpacked
  const addons = all.filter((path) => path.endsWith('.node'))
  const addon = `node_modules/@loralib/${own}/loralib.${own}.node`
  check(`the addon is there once: ${addons.join(', ')}`, addons.length === 1 && addons[0] === addon)
  check(
    'it is not in the archive and lies in app.asar.unpacked',
    !isPacked(addon) && existsSync(join(`${archive}.unpacked`, addon)),
  )
  const neededPacked = [
    'main.mjs',
    'preload.cjs',
    'package.json',
    'main/app.mjs',
    'renderer/index.html',
    'renderer/page.mjs',
  ]
  check(
    `in the archive: ${neededPacked.join(', ')}`,
    neededPacked.every((path) => all.includes(path) && isPacked(path)),
  )
  const unpacked = all.filter((path) => isFile(path) && !isPacked(path))
  check(
    `${unpacked.length} files beside it, the trainer among them`,
    unpacked.includes('trainer/main.mjs') && unpacked.every((path) => existsSync(join(`${archive}.unpacked`, path))),
  )
  const missing = importsOf(app, all).filter(({ path }) => !all.includes(path))
  check(
    `all that the app's files import is packed${missing.map(({ from, path }) => `; ${from} lacks ${path}`).join('')}`,
    missing.length === 0,
  )
  check('the base lies outside, as files', existsSync(join(resources, 'models/base/model.safetensors')))
  console.log(
    `        app.asar ${megabytes(readFileSync(archive).length)}, beside it ${megabytes(unpacked.reduce((sum, path) => sum + asar.statFile(archive, path).size, 0))}`,
  )
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`

/** The relative imports of the app's own files, and what the page refers to, as paths in the archive. */
function importsOf(app, all) {
  const own = all.filter((path) => !path.startsWith('node_modules/') && /\.(mjs|cjs|html)$/.test(path))
  return own.flatMap((from) => {
    const source = readFileSync(join(app, from), 'utf8')
    const names = [
      ...source.matchAll(/(?:from|import\(|src=|href=|new URL\()\s*['"](\.{0,2}\/?[\w./-]+\.(?:mjs|cjs|css|svg))['"]/g),
    ].map(([, name]) => name)
    return names.map((name) => ({ from, path: new URL(name, `file:///${from}`).pathname.slice(1) }))
  })
}

/** The packed app: its main process from the archive, the trainer from the files beside it. */
export async function running(check, resources, own, short) {
  const app = await openPacked(resources)
  try {
    const { base, problem } = await app.until((state) => isReady(state) || state.trainer === 'gone')
    check(
      `the packed app starts${problem ? `: ${problem.what}: ${problem.why}` : ''}`,
      base?.folder === join(resources, 'models/base'),
    )
    const child = app.seen.children.at(-1)
    check(
      'its trainer is a real file beside the archive',
      child.spawnargs.includes(join(resources, 'app.asar.unpacked/trainer/main.mjs')),
    )
    if (process.platform === 'linux') {
      const mapped = readFileSync(`/proc/${child.pid}/maps`, 'utf8').match(/\S+\.node$/gm) ?? []
      const wanted = join(resources, 'app.asar.unpacked/node_modules/@loralib', own, `loralib.${own}.node`)
      check(
        `it has loaded ${mapped[0]?.slice(resources.length + 1)}`,
        mapped.length > 0 && mapped.every((path) => path === wanted),
      )
    }
    await app.invoke('text:use', { documents: [{ name: 'a.txt', text: sampleText(100) }] })
    await app.invoke('training:start', { minutes: short ? 0.25 : 1 })
    await app.until(({ run }) => run.step > 2 || hasEnded({ run }))
    await app.invoke('training:stop')
    const { run } = await app.until(hasEnded)
    await app.invoke('writing:start', { prompt: 'The' })
    const { writing } = await app.until(hasWritten)
    check(`it trains (${run.step} steps) and writes`, run.state === 'stopped' && writing.adapted !== '')
  } finally {
    app.close()
  }
}

export async function openPacked(resources, options = {}) {
  // Node reads no archives: the main process's own modules come from a copy of it, as Electron would read them.
  const copy = join(resources, 'read')
  asar.extractAll(join(resources, 'app.asar'), copy)
  process.resourcesPath = resources
  const { startApp } = await import(pathToFileURL(join(copy, 'main/app.mjs')).href)
  return openApp({ appPath: join(resources, 'app.asar'), start: startApp, isPackaged: true, ...options })
}
