// The app packed by electron-builder itself, with a program that does nothing in the place of Electron, which cannot be had everywhere.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, run } from '../../lib/run.mjs'
import { contents, layInstalled, platformHere, running } from './packed.mjs'
import { SOURCE } from './world.mjs'

const { electron, 'electron-builder': version } = JSON.parse(
  readFileSync(join(SOURCE, 'package.json'), 'utf8'),
).devDependencies
const HOME = inRoot('.cache/electron-builder')
/** As in Electron's program. Source: @electron/fuses, which looks for it. */
const FUSE_MARK = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
/** As Electron comes: may run as Node, encrypts no cookies, reads NODE_OPTIONS, can be inspected, checks no archive, loads an app from anywhere, … */
const FUSES = '101100010'
/** As electron-builder.cjs sets them: none of the first kind, and the archive alone, checked. */
const FUSES_SET = '000011000'

export async function prove(check, { short }) {
  if (process.platform !== 'linux') return 'the stand-in for a distribution of Electron is laid out for Linux'
  const own = platformHere()
  if (own === null) return 'no addon of this platform is built: npm run build'
  const why = await install()
  if (why) return why
  const home = mkdtempSync(join(tmpdir(), 'loralib-builder-'))
  try {
    const app = await layInstalled(home, own)
    const args = [
      '--config',
      'electron-builder.cjs',
      '--linux',
      '--dir',
      `-c.electronDist=${fakeElectron(home)}`,
      `-c.electronVersion=${electron}`,
    ]
    const { code, out, errors } = await run(
      process.execPath,
      [join(HOME, 'node_modules/electron-builder/cli.js'), ...args],
      { cwd: app, show: false },
    )
    if (!check(`electron-builder ${version} packs it`, code === 0)) return void console.log(out + errors)
    const resources = join(app, 'dist/linux-unpacked/resources')
    const program = readFileSync(join(app, 'dist/linux-unpacked/own-words'), 'latin1')
    const fuses = program.slice(-FUSES.length)
    check(
      `its fuses are ${fuses}: not to be run as Node, no NODE_OPTIONS, no inspector, this archive alone, nothing special for file:`,
      fuses === FUSES_SET,
      FUSES_SET,
    )
    contents(check, resources, app, own)
    await running(check, resources, own, short)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return null
}

/** Puts electron-builder into .cache, once for each version; says why not. */
async function install() {
  const stamp = join(HOME, 'version')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return null
  mkdirSync(HOME, { recursive: true })
  writeFileSync(join(HOME, 'package.json'), '{ "private": true }\n')
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--fetch-retries=0']
  const { code, errors } = await run('npm', ['install', '--save-exact', `electron-builder@${version}`, ...options], {
    cwd: HOME,
    show: false,
  })
  if (code !== 0) return `electron-builder ${version} cannot be installed into .cache: ${errors.trim().split('\n')[0]}`
  writeFileSync(stamp, version)
  return null
}

/** What electron-builder copies: a program and its resources. The program is a mark and its fuses, bytes that say what it allows. */
function fakeElectron(home) {
  const folder = join(home, 'electron')
  mkdirSync(join(folder, 'resources'), { recursive: true })
  writeFileSync(join(folder, 'electron'), `${FUSE_MARK}\x01${String.fromCharCode(FUSES.length)}${FUSES}`, {
    encoding: 'latin1',
    mode: 0o755,
  })
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'version']) writeFileSync(join(folder, name), '')
  return folder
}
