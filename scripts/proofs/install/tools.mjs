// What the proof uses besides the package: package managers, runtimes, bundlers, a registry. All from npm, without their scripts, into .cache/install.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NODES, installPackages, nodeBinary } from '../../lib/nodes.mjs'
import { inRoot } from '../../lib/run.mjs'

const HOME = inRoot('.cache/install')
const TOOLS = {
  '@yarnpkg/cli-dist': '4.18.1',
  esbuild: '0.28.2',
  vite: '8.4.0',
  webpack: '5.113.0',
  '@rollup/plugin-node-resolve': '16.0.3',
  publint: '0.3.25',
  '@arethetypeswrong/cli': '0.18.5',
  '@electron/asar': '4.3.2',
}
/** Programs whose packages are made per system. */
const BINARIES = {
  'linux-x64': { '@oven/bun-linux-x64': '1.4.5', '@deno/linux-x64-glibc': '2.9.6', '@pnpm/exe.linux-x64': '12.23.0' },
  'linux-arm64': {
    '@oven/bun-linux-aarch64': '1.4.5',
    '@deno/linux-arm64-glibc': '2.9.6',
    '@pnpm/exe.linux-arm64': '12.23.0',
  },
  'darwin-arm64': {
    '@oven/bun-darwin-aarch64': '1.4.5',
    '@deno/darwin-arm64': '2.9.6',
    '@pnpm/exe.darwin-arm64': '12.23.0',
  },
}
const binaries = BINARIES[`${process.platform}-${process.arch}`] ?? {}
// Verdaccio asks for a tag of node-fetch that mirrors do not always have.
const REGISTRY = { packages: { verdaccio: '6.10.4' }, manifest: { overrides: { 'node-fetch': '2.7.0' } } }

/** Installs what is missing. Returns the Nodes by name. */
export async function installTools() {
  await ensure('tools', { ...TOOLS, ...binaries })
  await ensure('registry', REGISTRY.packages, REGISTRY.manifest)
  const nodes = {}
  for (const [name, version] of Object.entries(NODES)) nodes[name] = await nodeBinary(version)
  return nodes
}

async function ensure(name, packages, manifest) {
  const folder = join(HOME, name)
  const [stamp, wanted] = [join(folder, 'stamp.json'), JSON.stringify(packages)]
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  await installPackages(folder, packages, { manifest })
  writeFileSync(stamp, wanted)
}

/** The file behind a command of a tool. */
export function command(name, bin = name, folder = 'tools') {
  const home = join(HOME, folder, 'node_modules', name)
  const { bin: bins } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
  return join(home, typeof bins === 'string' ? bins : bins[bin])
}

const SCOPES = { bun: '@oven/', deno: '@deno/', pnpm: '@pnpm/' }

/** Bun, Deno or pnpm: the program, or null where there is none for this system. */
export function binary(kind) {
  const name = Object.keys(binaries).find((each) => each.startsWith(SCOPES[kind]))
  if (!name) return null
  const home = join(HOME, 'tools/node_modules', name)
  return [`bin/${kind}`, kind].map((path) => join(home, path)).find((path) => existsSync(path)) ?? null
}

/** Imports a tool's module. */
export function load(name) {
  const path = createRequire(join(HOME, 'tools/index.js')).resolve(name)
  return import(pathToFileURL(path).href)
}
