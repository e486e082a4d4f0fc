// Projects that use the package: the program of the README in three forms.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inRoot, packageJson } from '../../lib/run.mjs'

/** What the program of the README prints at its end. */
export const PRINTED = 'Blue Spice is a coffee shop.'

/** The first program of the README. */
export function readmeProgram() {
  const found = /```js\n(import \* as lora from 'loralib'\n[^`]*)```/.exec(readFileSync(inRoot('README.md'), 'utf8'))
  if (!found) throw new Error('README.md has no program that begins with the import of loralib')
  return found[1]
}

/** A project with the programs main.mjs, main.cjs, main.ts, function.mjs and worker.mjs, and the base that the program names. */
export function makeProject(folder, manifest = {}) {
  mkdirSync(folder, { recursive: true })
  const { name, version } = packageJson()
  const own = {
    name: 'consumer',
    version: '1.0.0',
    private: true,
    type: 'module',
    dependencies: { [name]: version },
    ...manifest,
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(own, null, 2))
  cpSync(inRoot('models/base'), join(folder, 'models/base'), { recursive: true })
  const program = readmeProgram()
  const [head, body] = [/^import .*\n/.exec(program)[0], program.replace(/^import .*\n/, '')]
  writeFileSync(join(folder, 'main.mjs'), program)
  const asFunction = `async function main() {${body}}\nmain()\n`
  writeFileSync(join(folder, 'main.cjs'), `const lora = require('loralib')\n${asFunction}`)
  // For bundles of CommonJS, which have no await at the top.
  writeFileSync(join(folder, 'function.mjs'), `${head}${asFunction}`)
  writeFileSync(join(folder, 'main.ts'), program)
  writeFileSync(
    join(folder, 'worker.mjs'),
    `import { Worker } from 'node:worker_threads'
new Worker(new URL('./main.mjs', import.meta.url)).on('error', (error) => { console.error(error); process.exitCode = 1 })\n`,
  )
  return folder
}
