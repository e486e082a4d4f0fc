// Other versions of Node, from npm: the package of a binary holds the program alone, and no script of it is run.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { ask, fail, inRoot, must } from './run.mjs'

/** The lowest version that the package supports, the newest one of each line that is maintained, and the newest of all. */
export const NODES = { lowest: '20.19.0', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' }

/** The path of a Node of exactly this version, fetched into .cache/nodes (about 100 MB) when it is not there yet. */
export async function nodeBinary(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = inRoot('.cache', 'nodes', version)
  const path = `${folder}/node_modules/${name}/bin/node${process.platform === 'win32' ? '.exe' : ''}`
  if (!existsSync(path)) await installPackages(folder, { [name]: version })
  const found = ask(path)
  if (found !== `v${version}`) fail(`${path} says that it is ${found}, not v${version}`)
  return path
}

/** Installs packages of npm into a folder of their own, without their scripts. */
export async function installPackages(folder, packages, manifest = {}) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, ...manifest, dependencies: packages }))
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // npm is a program of this Node; on Windows its command is a .cmd file, which needs a shell.
  await must('npm', ['install', ...options], { show: false, shell: process.platform === 'win32', cwd: folder })
}
