// How cargo compiles and links for a target: programs, arguments and environment.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { must } from '../lib/run.mjs'
import { debs, home, zig } from './packages.mjs'

/** `{ program, args, env }` for a command of cargo, such as `build`: arguments of the command itself follow. */
export async function cargoFor(target, command) {
  const { rust, glibc, ownStd, compiler, rustflags } = target
  const env = { CARGO_TARGET_DIR: home('target'), CARGO_INCREMENTAL: '0' }
  const args = ['--target', rust]
  if (rustflags) env[`CARGO_TARGET_${upper(rust)}_RUSTFLAGS`] = rustflags
  if (ownStd) {
    Object.assign(env, { RUSTC: await rustc(), RUSTC_BOOTSTRAP: '1' })
    args.push('-Z', 'build-std=std,panic_unwind')
  }
  if (compiler === 'mingw') {
    Object.assign(env, await mingw(rust))
    return { program: 'cargo', args: [command, ...args], env }
  }
  if (glibc) args[1] = `${rust}.${glibc}`
  const bin = await zig()
  // Paths that stay the same: cargo compiles everything again when that of the linker changes.
  Object.assign(env, {
    PATH: `${bin}:${process.env.PATH}`,
    ZIG_GLOBAL_CACHE_DIR: home('zig'),
    ZIG_LOCAL_CACHE_DIR: home('zig'),
    CARGO_ZIGBUILD_CACHE_DIR: home('zigbuild'),
  })
  const name = command === 'build' ? 'zigbuild' : command
  return { program: join(bin, 'cargo-zigbuild'), args: [name, ...args], env }
}

const upper = (rust) => rust.toUpperCase().replaceAll('-', '_')

/** Rust 1.96 of Debian, the one compiler in a package that comes with the source of its own library. */
async function rustc() {
  const root = await debs('rust', ['rustc-web', 'libstd-rust-web-dev', 'rust-web-src'])
  const path = join(root, 'rustc')
  script(path, `LD_LIBRARY_PATH=${root}/usr/lib/x86_64-linux-gnu exec ${root}/usr/bin/rustc --sysroot ${root}/usr "$@"`)
  return path
}

/** Writes a shell script. */
export function script(path, text) {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}

/** gcc for Windows, with what Rust and napi expect to find there. */
async function mingw(rust) {
  const root = await debs('mingw', ['gcc-mingw-w64-x86-64-posix', 'g++-mingw-w64-x86-64-posix'])
  const bin = join(root, 'usr/bin')
  const gcc = join(bin, 'x86_64-w64-mingw32-gcc-posix')
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    CC_x86_64_pc_windows_gnu: gcc,
    CXX_x86_64_pc_windows_gnu: join(bin, 'x86_64-w64-mingw32-g++-posix'),
    AR_x86_64_pc_windows_gnu: join(bin, 'x86_64-w64-mingw32-ar'),
    [`CARGO_TARGET_${upper(rust)}_LINKER`]: gcc,
    LIBNODE_PATH: home('libnode'),
  }
  // Functions of Node are looked up when the addon is loaded (napi's dyn-symbols); its build script asks for the library all the same.
  mkdirSync(env.LIBNODE_PATH, { recursive: true })
  writeFileSync(join(env.LIBNODE_PATH, 'libnode.dll'), '')
  writeFileSync(join(env.LIBNODE_PATH, 'libnode.def'), 'LIBRARY node.exe\nEXPORTS\n')
  const def = ['-d', join(env.LIBNODE_PATH, 'libnode.def'), '-l', join(env.LIBNODE_PATH, 'libnode.a')]
  await must(join(bin, 'x86_64-w64-mingw32-dlltool'), def, { show: false, env })
  await startFiles(rust)
  return env
}

/** Objects that Rust links into every program for this target, and that building its library from source does not make. */
async function startFiles(rust) {
  const compiler = await rustc()
  const usr = join(compiler, '../usr')
  const [source] = readdirSync(join(usr, 'src')).filter((name) => name.startsWith('rustc-'))
  const to = join(usr, 'lib/rustlib', rust, 'lib')
  mkdirSync(to, { recursive: true })
  for (const name of ['rsbegin', 'rsend']) {
    const file = join(usr, 'src', source, 'library/rtstartup', `${name}.rs`)
    const args = ['--target', rust, '--emit', 'obj', '-o', join(to, `${name}.o`), file]
    await must(compiler, args, { show: false, env: { RUSTC_BOOTSTRAP: '1' } })
  }
}
