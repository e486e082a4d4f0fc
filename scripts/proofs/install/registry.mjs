// A registry on this machine that holds our packages and their dependencies, and nothing else.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { inRoot, must, packageJson } from '../../lib/run.mjs'
import { command } from './tools.mjs'

const PORT = 4873
export const REGISTRY = `http://127.0.0.1:${PORT}/`

/** Starts it with empty storage in `folder`; returns a function that stops it. */
export async function startRegistry(folder, node) {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'config.yaml')
  writeFileSync(
    config,
    `storage: ${join(folder, 'storage')}
auth: { htpasswd: { file: ${join(folder, 'htpasswd')} } }
uplinks: {}
packages: { '**': { access: $all, publish: $all } }
max_body_size: 200mb
log: { type: file, path: ${join(folder, 'log.txt')}, level: warn }
`,
  )
  const child = spawn(
    node,
    [command('verdaccio', 'verdaccio', 'registry'), '--config', config, '--listen', `127.0.0.1:${PORT}`],
    {
      stdio: 'ignore',
    },
  )
  for (let i = 0; i < 300; i++) {
    if (
      await fetch(`${REGISTRY}-/ping`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      return () => child.kill()
    await setTimeout(100)
  }
  child.kill()
  throw new Error(`the registry does not answer: ${join(folder, 'log.txt')}`)
}

/** Publishes tarballs, and the packages that ours depends on. */
export async function publish(tarballs, folder) {
  const dependencies = Object.keys(packageJson().dependencies)
  for (const name of dependencies) {
    await must(
      'npm',
      ['pack', inRoot('node_modules', name), '--pack-destination', folder, '--ignore-scripts', '--silent'],
      { show: false },
    )
  }
  const { readdirSync } = await import('node:fs')
  const others = readdirSync(folder).filter((name) => dependencies.some((each) => name.startsWith(`${each}-`)))
  for (const file of [...tarballs, ...others.map((name) => join(folder, name))]) {
    const token = `--${REGISTRY.replace('http:', '')}:_authToken=none`
    // Provenance is for publishing from CI.
    await must(
      'npm',
      [
        'publish',
        file,
        `--registry=${REGISTRY}`,
        token,
        '--ignore-scripts',
        '--fetch-retries=0',
        '--provenance=false',
        '--loglevel=error',
      ],
      { show: false, cwd: folder },
    )
  }
  return others
}
