// Calls cargo so that everything is compiled once. napi builds for a named target, which has its own folder below target/; other builds name
// the same target and, where possible, the addon's crate beside their own, so that the features of the dependencies are the same.
import { spawnSync } from 'node:child_process'
import { fail, inRoot, run } from './run.mjs'

let known

/** The target of this machine, for example x86_64-unknown-linux-gnu. */
const hostTarget = () => (known ??= askRustc())

function askRustc() {
  const { stdout = '' } = spawnSync('rustc', ['-vV'], { encoding: 'utf8' })
  return /^host: (.+)$/m.exec(stdout)?.[1] ?? fail('rustc does not run: Rust is needed for this')
}

/** Runs cargo for the target of this machine. Options are those of `run`. */
export const cargo = (args, { env = {}, ...options } = {}) =>
  run('cargo', args, { ...options, env: { CARGO_BUILD_TARGET: hostTarget(), ...env } })

/** The path of a program that `cargo` built in the release profile. */
export const builtProgram = (name) =>
  inRoot('target', hostTarget(), 'release', process.platform === 'win32' ? `${name}.exe` : name)

/** A target folder for commands that only check: they share their results for dependencies, and a stand-in for CUDA never meets a real build. */
export const CHECK_ONLY = { CARGO_TARGET_DIR: inRoot('target', 'check') }
