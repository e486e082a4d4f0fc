// Proves that `npm install loralib` is all that a project needs: no compiler, no download besides the registry's, no script.
//
//   npm run proof:install [-- --only npm,nodes,bundlers,…]
//
// The tarballs of `npm run pack:all` and of the dependencies are published to a registry on this machine (verdaccio). Then, where the system can do it without
// any other network and always without Rust in the path: projects in empty folders are installed with npm, pnpm, Yarn (node-modules and Plug'n'Play) and
// Bun, and run the program of the README as ES module, CommonJS, compiled TypeScript (four compilers) and in a worker; under each Node, Deno and Bun; bundled by four bundlers;
// from an archive as Electron has it. publint and are-the-types-wrong read the package. A matrix at the end: ok, or FAILED, or `-` with the reason why it can't run.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { flag, readArgs, readNames, text } from '../lib/args.mjs'
import { inRoot, packageJson, say } from '../lib/run.mjs'
import { packAll, packStandIns } from '../pack.mjs'
import { BUNDLERS } from './install/bundlers.mjs'
import { PRINTED, makeProject } from './install/consumers.mjs'
import { checkPackage } from './install/lint.mjs'
import { managers } from './install/managers.mjs'
import { Matrix } from './install/matrix.mjs'
import { publish, startRegistry } from './install/registry.mjs'
import { binary, command, installTools } from './install/tools.mjs'

const PARTS = ['npm', 'pnpm', 'yarn node-modules', 'yarn pnp', 'bun', 'nodes', 'bundlers', 'asar', 'lint']
const COMPILERS = Object.keys(packageJson().devDependencies).filter((name) => /^typescript(-[\d.]+)?$/.test(name))
const { only, isolated } = readArgs({ options: { only: text, isolated: flag } }).values
const wanted = readNames(only, 'part', PARTS) ?? PARTS

const nodes = await installTools()
if (!isolated && canCutNetwork()) again()
else await main()

/** Whether this system runs a program without any network but the one inside the machine. */
function canCutNetwork() {
  return process.platform === 'linux' && spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0
}

/** This proof once more, without a network. */
function again() {
  const args = [
    '--net',
    'sh',
    '-c',
    'ip link set lo up && exec "$0" "$@"',
    process.execPath,
    ...process.argv.slice(1),
    '--isolated',
  ]
  spawn('unshare', args, { stdio: 'inherit' }).on('exit', (code) => (process.exitCode = code ?? 1))
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-install-'))
  const matrix = new Matrix()
  let stop = () => {}
  try {
    const packed = await packAll({ out: join(folder, 'packages') })
    const standIns = await packStandIns(join(folder, 'packages'))
    say(
      `network: ${isolated ? 'none but this machine' : 'this system cannot be cut off; programs use the registry on this machine alone'}`,
    )
    stop = await startRegistry(join(folder, 'registry'), nodes[24])
    const others = await publish(
      [...packed, ...standIns].map(({ file }) => file),
      join(folder, 'packages'),
    )
    say(`published: ${[...packed.map(({ name }) => name), ...others].join(', ')}`)
    if (standIns.length > 0)
      say(
        `published with a manifest alone, since they are not built here: ${standIns.map(({ name }) => name).join(', ')}`,
      )
    const world = { folder, env: bareEnv(folder), matrix, packed }
    await inManagers(world)
    await inNodes(world)
    await inBundlers(world)
    await inArchive(world)
    if (wanted.includes('lint')) await checkPackage(join(folder, 'packages'), packed, matrix)
  } finally {
    stop()
    rmSync(folder, { recursive: true, force: true })
  }
  matrix.print()
  if (!matrix.isFine) process.exitCode = 1
}

/** The environment of somebody who has Node and nothing else: no Rust, no caches, no settings. */
function bareEnv(folder) {
  const home = join(folder, 'home')
  mkdirSync(home)
  const path = [
    dirname(process.execPath),
    ...process.env.PATH.split(delimiter).filter((each) => !existsSync(join(each, 'cargo'))),
  ]
  return {
    PATH: path.join(delimiter),
    HOME: home,
    USERPROFILE: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    NO_COLOR: '1',
  }
}

/** Runs a command line; null when it ended well and printed what it should, else what it said. */
function runs([program, ...args], cwd, env, printed) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (out += data))
    child.on('error', (error) => done(String(error)))
    child.on('close', (code, signal) =>
      done(
        code === 0 && (printed === undefined || out.includes(printed))
          ? null
          : `status ${code ?? signal}: ${out.trim()}`,
      ),
    )
  })
}

async function inManagers({ folder, env, matrix }) {
  for (const [name, { missing, prepare, install, run, noTypes }] of Object.entries(managers(process.execPath))) {
    if (!wanted.includes(name)) continue
    if (missing) {
      matrix.skip(name, missing)
      continue
    }
    const project = makeProject(join(folder, name.replace(/\W/g, '-')))
    prepare(project)
    if (!matrix.add(name, 'install', await runs(install, project, env))) continue
    for (const [column, file] of [
      ['ESM', 'main.mjs'],
      ['CJS', 'main.cjs'],
      ['worker', 'worker.mjs'],
    ])
      matrix.add(name, column, await runs([...run, file], project, env, PRINTED))
    for (const compiler of COMPILERS) {
      const column = compiler.replace('typescript-', 'TS ').replace('typescript', 'TS 6.0')
      if (noTypes) matrix.skip(name, noTypes, column)
      else matrix.add(name, column, await typed(compiler, project, env))
    }
  }
}

/** Compiles main.ts, strict, and runs what comes out. */
async function typed(compiler, project, env) {
  const tsc = join(inRoot('node_modules', compiler), 'bin/tsc')
  const outDir = `out-${compiler}`
  const compilerOptions = { strict: true, target: 'es2022', module: 'nodenext', skipLibCheck: false, types: [], outDir }
  writeFileSync(join(project, `${outDir}.json`), JSON.stringify({ compilerOptions, files: ['main.ts'] }))
  const failed = await runs([process.execPath, tsc, '-p', `${outDir}.json`], project, env)
  return failed ?? runs([process.execPath, `${outDir}/main.js`], project, env, PRINTED)
}

/** A project installed by npm, for everything that does not depend on the manager. */
async function installed({ folder, env }, name) {
  const project = makeProject(join(folder, name))
  const { prepare, install } = managers(process.execPath).npm
  prepare(project)
  const failed = await runs(install, project, env)
  if (failed) throw new Error(failed)
  return project
}

async function inNodes(world) {
  if (!wanted.includes('nodes')) return
  const { env, matrix } = world
  const project = await installed(world, 'nodes')
  for (const [name, node] of Object.entries(nodes)) {
    for (const [column, file] of [
      ['ESM', 'main.mjs'],
      ['CJS', 'main.cjs'],
      ['worker', 'worker.mjs'],
    ])
      matrix.add(`Node ${name}`, column, await runs([node, file], project, env, PRINTED))
  }
  const others = { Deno: [binary('deno'), 'run', '--allow-all', '--node-modules-dir=manual'], Bun: [binary('bun')] }
  for (const [name, [program, ...args]] of Object.entries(others)) {
    if (program === null) matrix.skip(name, `no program of ${name} for this system`)
    else {
      for (const [column, file] of [
        ['ESM', 'main.mjs'],
        ['CJS', 'main.cjs'],
        ['worker', 'worker.mjs'],
      ])
        matrix.add(name, column, await runs([program, ...args, file], project, env, PRINTED))
    }
  }
}

async function inBundlers(world) {
  if (!wanted.includes('bundlers')) return
  const { env, matrix } = world
  const project = await installed(world, 'bundlers')
  for (const [name, bundle] of Object.entries(BUNDLERS)) {
    for (const format of ['esm', 'cjs']) {
      for (const isInlined of [false, true]) {
        const column = `${format.toUpperCase()} ${isInlined ? 'inlined' : 'external'}`
        let failed
        try {
          failed = await runs([process.execPath, await bundle(project, format, isInlined)], project, env, PRINTED)
        } catch (error) {
          failed = String(error.stack)
        }
        matrix.add(name, column, failed)
      }
    }
  }
}

/** An archive as Electron's packagers make it. Only Electron reads inside one: here its files lie in a folder of its name, and what was unpacked is beside it alone. */
async function inArchive(world) {
  if (!wanted.includes('asar')) return
  const { env, matrix } = world
  const project = await installed(world, 'asar')
  const [archive, app] = [join(world.folder, 'made.asar'), join(world.folder, 'app.asar')]
  const asar = [nodes[24], command('@electron/asar', 'asar')]
  const unpacked = '**/node_modules/@loralib/**'
  if (
    !matrix.add(
      'asar',
      'install',
      await runs([...asar, 'pack', project, archive, '--unpack', unpacked], world.folder, env),
    )
  )
    return
  await runs([...asar, 'extract', archive, app], world.folder, env)
  rmSync(join(app, 'node_modules/@loralib'), { recursive: true })
  cpSync(`${archive}.unpacked`, `${app}.unpacked`, { recursive: true })
  matrix.add('asar', 'ESM', await runs([process.execPath, join(app, 'main.mjs')], project, env, PRINTED))
}
