// Bundlers: how each makes one file of a project's program, for Node.
import { basename, dirname, join } from 'node:path'
import { rollup } from 'rollup'
import { load } from './tools.mjs'

const isBuiltIn = (id) => id.startsWith('node:')

/**
 * By name, `(folder, format, isInlined) → file` below bundles/: `format` is esm or cjs, `isInlined` whether the package becomes part of the file; its addon
 * is then found in node_modules.
 */
export const BUNDLERS = {
  async esbuild(folder, format, isInlined) {
    const { build } = await load('esbuild')
    const outfile = outputOf(folder, 'esbuild', format, isInlined)
    await build({
      ...{
        absWorkingDir: folder,
        entryPoints: [entryOf(folder, format)],
        outfile,
        bundle: true,
        platform: 'node',
        format,
      },
      // CommonJS has no import.meta; the package knows.
      ...{ external: isInlined ? [] : ['loralib'], logLevel: 'error', logOverride: { 'empty-import-meta': 'silent' } },
    })
    return outfile
  },
  async vite(folder, format, isInlined) {
    const { build } = await load('vite')
    const file = outputOf(folder, 'vite', format, isInlined)
    const output = { format, entryFileNames: basename(file) }
    await build({
      ...{ root: folder, configFile: false, logLevel: 'error' },
      ssr: isInlined ? { noExternal: true } : { external: ['loralib'] },
      build: { ssr: entryOf(folder, format), outDir: dirname(file), emptyOutDir: false, rollupOptions: { output } },
    })
    return file
  },
  async webpack(folder, format, isInlined) {
    const { default: webpack } = await load('webpack')
    const file = outputOf(folder, 'webpack', format, isInlined)
    const esm = format === 'esm'
    const compiler = webpack({
      ...{ context: folder, mode: 'production', target: 'node20', entry: entryOf(folder, format) },
      ...(esm && { experiments: { outputModule: true } }),
      output: {
        path: dirname(file),
        filename: basename(file),
        ...(esm && { module: true, library: { type: 'module' } }),
      },
      externals: isInlined ? {} : { loralib: esm ? 'module loralib' : 'commonjs loralib' },
      optimization: { minimize: true },
    })
    await new Promise((done, failed) =>
      compiler.run((error, stats) =>
        error || stats.hasErrors() ? failed(error ?? new Error(stats.toString('errors-only'))) : done(),
      ),
    )
    return file
  },
  async rollup(folder, format, isInlined) {
    const file = outputOf(folder, 'rollup', format, isInlined)
    const { nodeResolve } = await load('@rollup/plugin-node-resolve')
    const made = await rollup({
      ...{ input: entryOf(folder, format), onLog: () => {} },
      external: (id) => isBuiltIn(id) || (!isInlined && id === 'loralib'),
      plugins: isInlined ? [nodeResolve({ exportConditions: ['node'] })] : [],
    })
    await made.write({ file, format: format === 'esm' ? 'es' : 'cjs', inlineDynamicImports: true })
    return file
  },
}

/** CommonJS has no await at the top, so its program is one function. */
function entryOf(folder, format) {
  if (format === 'esm') return join(folder, 'main.mjs')
  return join(folder, 'function.mjs')
}

const outputOf = (folder, bundler, format, isInlined) =>
  join(folder, 'bundles', `${bundler}-${isInlined ? 'inlined' : 'external'}.${format === 'esm' ? 'mjs' : 'cjs'}`)
