// The package inside a bundle.
import { renameSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const isBuiltIn = (id) => id.startsWith('node:') || builtinModules.includes(id)

/** Bundles the installed package into bundle/app.mjs (or .cjs), and takes node_modules away unless it is kept. */
export async function bundle(folder, format, { keep = false } = {}) {
  const modules = join(folder, 'node_modules')
  const packages = {
    name: 'packages',
    resolveId: (id) => {
      if (id === 'entry') return '\0entry'
      if (/^[./\0]/.test(id) || isBuiltIn(id)) return null
      // Its dependencies, from the repository's own.
      return fileURLToPath(import.meta.resolve(id))
    },
    load: (id) => (id === '\0entry' ? `export * from ${JSON.stringify(join(modules, 'loralib/dist/index.js'))}` : null),
  }
  const made = await rollup({
    input: 'entry',
    plugins: [packages],
    external: isBuiltIn,
    onLog: () => {},
  })
  const extension = format === 'es' ? 'mjs' : 'cjs'
  await made.write({ file: join(folder, 'bundle', `app.${extension}`), format, inlineDynamicImports: true })
  if (keep) rmSync(join(modules, 'loralib'), { recursive: true })
  else renameSync(modules, join(folder, 'taken'))
}
