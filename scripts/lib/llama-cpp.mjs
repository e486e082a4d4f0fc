// llama.cpp with its binding for Node, in .cache: a development tool, no dependency of this package.
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { fail, inRoot, must, say } from './run.mjs'

/** The versions that are compared with. */
export const LLAMA_CPP = { 'node-llama-cpp': '3.22.1', '@node-llama-cpp/linux-x64': '3.22.1' }

/** The folder in whose node_modules it lies, made once. Its own installation would fetch every GPU's build, so only the CPU's is named. */
export async function llamaCpp() {
  const folder = inRoot('.cache/node-llama-cpp')
  if (existsSync(`${folder}/node_modules/@node-llama-cpp/linux-x64/package.json`)) return folder
  if (process.platform !== 'linux' || process.arch !== 'x64')
    fail('the binding of llama.cpp is known for linux-x64 alone')
  say('installing node-llama-cpp into .cache/node-llama-cpp (once)')
  await mkdir(folder, { recursive: true })
  await writeFile(`${folder}/package.json`, '{ "private": true }\n')
  const packages = Object.entries(LLAMA_CPP).map(([name, version]) => `${name}@${version}`)
  await must('npm', [
    'install',
    '--prefix',
    folder,
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    ...packages,
  ])
  return folder
}
