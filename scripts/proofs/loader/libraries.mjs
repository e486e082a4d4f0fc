// Libraries that this system refuses, made here.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from '../../lib/run.mjs'

/** A library in place of `path` that needs musl's C library. */
export function libraryOfMusl(path) {
  const name = `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`
  return linkedTo(path, { library: name, symbol: 'needed' })
}

/** A library in place of `path` that needs a glibc of the future. */
export function libraryOfNewGlibc(path) {
  return linkedTo(path, { library: 'libc.so.6', symbol: 'needed', version: 'GLIBC_2.99' })
}

/** Compiles `path` against a library of that name and version, which is then taken away. Returns why it can't, or nothing. */
async function linkedTo(path, { library, symbol, version }) {
  const folder = join(dirname(path), 'made')
  mkdirSync(folder)
  const file = (name) => join(folder, name)
  writeFileSync(file('needed.c'), `int ${symbol}(void) { return 1; }\n`)
  writeFileSync(file('addon.c'), `int ${symbol}(void);\nint addon(void) { return ${symbol}(); }\n`)
  if (version) writeFileSync(file('versions'), `${version} { global: ${symbol}; };\n`)
  const versions = version ? [`-Wl,--version-script=${file('versions')}`] : []
  const made = [
    ['-shared', '-fPIC', '-nostdlib', `-Wl,-soname,${library}`, ...versions, '-o', file(library), file('needed.c')],
    ['-shared', '-fPIC', '-nostdlib', '-Wl,--no-as-needed', '-o', path, file('addon.c'), file(library)],
  ]
  for (const args of made) {
    const { code, errors } = await run('gcc', args, { show: false })
    if (code !== 0) return `gcc makes no such library: ${errors.split('\n')[0]}`
  }
  rmSync(folder, { recursive: true })
}

/** The head of a library for Windows or macOS. */
export function foreignLibrary(os) {
  const head = Buffer.alloc(4096)
  if (os === 'darwin') {
    head.writeUInt32LE(0xfeedfacf, 0)
    head.writeUInt32LE(0x0100000c, 4)
    return head
  }
  head.write('MZ')
  head.writeUInt32LE(128, 60)
  head.write('PE\0\0', 128)
  head.writeUInt16LE(0x8664, 132)
  return head
}
