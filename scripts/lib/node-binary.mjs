// Node in other versions and for other platforms: npm packages of about 100 MB each, in .cache/nodes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fail, inRoot, must } from './run.mjs'

/** The path of a Node binary. Its package holds the program alone; no script of it is run. */
export async function nodeBinary(version, { platform = process.platform, arch = process.arch } = {}) {
  const name = `node-${platform === 'win32' ? 'win' : platform}-${arch}`
  const isOwn = platform === process.platform && arch === process.arch
  // A folder each: npm takes away what it did not install itself in the same folder.
  const folder = inRoot('.cache', 'nodes', isOwn ? version : `${version}-${platform}-${arch}`)
  const path = `${folder}/node_modules/${name}/bin/node${platform === 'win32' ? '.exe' : ''}`
  if (existsSync(path)) return path
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/package.json`, '{ "private": true }\n')
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact']
  // npm refuses a package for another platform otherwise.
  if (!isOwn) options.push('--force')
  // npm is a program of this Node; on Windows its command is a .cmd file, which needs a shell.
  const shell = process.platform === 'win32'
  await must('npm', ['install', ...options, `${name}@${version}`], { show: false, shell })
  if (!existsSync(path)) fail(`${name}@${version} has no ${path}`)
  return path
}
