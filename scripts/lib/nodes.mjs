// Other versions of Node, from npm: the package of a binary holds the program alone, and no script of it is run.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fail, inRoot, must } from './run.mjs'

/** The lowest version that the package supports, the newest one of each line that is maintained, and the newest of all. */
export const NODES = { lowest: '20.19.0', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/** The path of a Node of exactly this version, also for another platform, fetched into .cache/nodes (about 100 MB) when it is not there yet. */
export async function nodeBinary(version, { platform = process.platform, arch = process.arch } = {}) {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  const isOwn = platform === process.platform && arch === process.arch
  const folder = inRoot('.cache', 'nodes', isOwn ? version : `${version}-${platform}-${arch}`)
  const path = `${folder}/node_modules/${name}/bin/node${platform === 'win32' ? '.exe' : ''}`
  // npm refuses a package for another platform unless it is forced.
  if (!existsSync(path)) await installPackages(folder, { [name]: version }, { options: isOwn ? [] : ['--force'] })
  if (!existsSync(path)) fail(`${name}@${version} has no ${path}`)
  return path
}

/** Installs packages of npm into a folder of their own, without their scripts. */
export async function installPackages(folder, packages, { manifest = {}, options = [] } = {}) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, ...manifest, dependencies: packages }))
  const all = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...options]
  // npm is a program of this Node; on Windows its command is a .cmd file, which needs a shell.
  await must('npm', ['install', ...all], { show: false, shell: process.platform === 'win32', cwd: folder })
}
