// The targets that a Linux x64 machine builds from packages alone, and how their programs are run here.

/** The newest glibc that an addon may need: Node 20 needs it itself. */
export const GLIBC_LIMIT = '2.28'

/**
 * - `rust`: the target's name for cargo. - `tuple`: the platform's name for the loader and the packages (napi's).
 * - `glibc`: the version whose symbols the linker offers; an addon links to older ones where they are enough.
 * - `ownStd`: Rust's library is compiled from source, as no package has it for the target.
 * - `compiler`: of C code and the linker: zig, or gcc of mingw. - `machine`: what runs its programs. - `checkOnly`: there is no SDK to link with.
 */
export const targets = {
  'linux-x64-gnu': {
    ...{ rust: 'x86_64-unknown-linux-gnu', tuple: 'linux-x64-gnu', glibc: '2.17' },
    ...{ compiler: 'zig', machine: 'native' },
  },
  'linux-x64-musl': {
    ...{ rust: 'x86_64-unknown-linux-musl', tuple: 'linux-x64-musl', ownStd: true },
    ...{ compiler: 'zig', machine: 'musl' },
    // A library for dlopen cannot hold a C library of its own.
    rustflags: '-C target-feature=-crt-static',
  },
  'linux-arm64-gnu': {
    ...{ rust: 'aarch64-unknown-linux-gnu', tuple: 'linux-arm64-gnu', glibc: '2.17', ownStd: true },
    ...{ compiler: 'zig', machine: 'qemu' },
  },
  // Windows' packages are built by MSVC, on Windows. This addon of mingw stands in for theirs under the same name, to run the same code.
  'win32-x64-gnu': {
    ...{ rust: 'x86_64-pc-windows-gnu', tuple: 'win32-x64-msvc', ownStd: true },
    ...{ compiler: 'mingw', machine: 'wine' },
  },
  'darwin-arm64': {
    ...{ rust: 'aarch64-apple-darwin', tuple: 'darwin-arm64', ownStd: true },
    ...{ compiler: 'zig', checkOnly: true },
  },
  'darwin-x64': {
    ...{ rust: 'x86_64-apple-darwin', tuple: 'darwin-x64', ownStd: true },
    ...{ compiler: 'zig', checkOnly: true },
  },
}
