// Package managers: how each installs a project, and how it runs a program in it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { REGISTRY } from './registry.mjs'
import { binary, command } from './tools.mjs'

const npmrc = (folder) =>
  writeFileSync(join(folder, '.npmrc'), `registry=${REGISTRY}\nfetch-retries=0\naudit=false\nfund=false\n`)

function yarnrc(folder, linker) {
  const settings = {
    nodeLinker: linker,
    npmRegistryServer: REGISTRY,
    unsafeHttpWhitelist: ['127.0.0.1'],
    enableTelemetry: false,
    enableGlobalCache: false,
    npmMinimalAgeGate: 0,
  }
  // YAML takes JSON.
  writeFileSync(join(folder, '.yarnrc.yml'), JSON.stringify(settings))
}

/** By name: `prepare` writes settings, `install` and `run` are command lines. `types: false` where a plain TypeScript can't follow. */
export function managers(node) {
  const yarn = [node, command('@yarnpkg/cli-dist', 'yarn')]
  const plain = { run: [node] }
  const [bun, pnpm] = [binary('bun'), binary('pnpm')]
  return {
    npm: { ...plain, prepare: npmrc, install: ['npm', 'install', '--loglevel=error'] },
    pnpm: pnpm
      ? {
          ...plain,
          prepare: (folder) => {
            npmrc(folder)
            // Younger than a day, as all packages of this registry are.
            writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'minimumReleaseAge: 0\n')
          },
          install: [pnpm, 'install'],
        }
      : { missing: 'no program of pnpm for this system' },
    'yarn node-modules': {
      ...plain,
      prepare: (folder) => yarnrc(folder, 'node-modules'),
      install: [...yarn, 'install'],
    },
    'yarn pnp': {
      prepare: (folder) => yarnrc(folder, 'pnp'),
      install: [...yarn, 'install'],
      run: [...yarn, 'node'],
      noTypes: "TypeScript reads Plug'n'Play only where Yarn installs and patches it",
    },
    bun: bun
      ? {
          ...plain,
          prepare: (folder) => writeFileSync(join(folder, 'bunfig.toml'), `[install]\nregistry = "${REGISTRY}"\n`),
          install: [bun, 'install'],
        }
      : { missing: 'no program of Bun for this system' },
  }
}
