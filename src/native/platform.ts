// Which package with the addon belongs to this machine.
import { closeSync, openSync, readSync } from 'node:fs'

/** The platforms that packages with a prebuilt addon exist for, as in `@loralib/linux-x64-gnu`. Those of `napi.targets` in package.json. */
export const PLATFORMS: readonly string[] = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
]

/** The scope of the packages with addons. */
export const SCOPE = '@loralib'

/** This platform as npm and napi name it, e.g. linux-x64-gnu. */
export function platformName(): string {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${libc()}`
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

/** What a platform is called in messages. */
export function platformText(name = platformName()): string {
  const [os, arch, abi] = name.split('-')
  const system = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }[os!] ?? os!
  const library = abi === 'gnu' ? ' with glibc' : abi === 'musl' ? ' with musl' : ''
  return `${system} on ${arch}${library}`
}

/** The version of glibc that runs this process, e.g. 2.36; null where there is none. Takes some milliseconds. */
export function glibcVersion(): string | null {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header?.glibcVersionRuntime ?? null
}

let known: 'gnu' | 'musl' | undefined

/**
 * The C library that this process runs on. The program names its loader in its head, which is right in containers that have the files of both, and takes no
 * subprocess; Node's own report takes tens of milliseconds.
 */
export function libc(): 'gnu' | 'musl' {
  return (known ??= interpreterOf(process.execPath)?.includes('musl') ? 'musl' : 'gnu')
}

/** The loader that an ELF program asks for, such as /lib64/ld-linux-x86-64.so.2; null when it asks for none or can't be read. */
export function interpreterOf(path: string): string | null {
  const head = readHead(path)
  const part = head && elfParts(head).find(({ type }) => type === PT_INTERP)
  return part && part.end <= head.length ? head.toString('latin1', part.start, part.end - 1) : null
}

/** The least size that a library can have, by its own head, where that is an ELF file; 0 for others, which their systems check. */
export function wantedBytes(path: string): number {
  const head = readHead(path)
  return head === null ? 0 : Math.max(0, ...elfParts(head).map(({ end }) => end))
}

const PT_INTERP = 3

/** The parts of a 64-bit ELF file that are loaded or that name its loader; none of other files. */
function elfParts(head: Buffer): { type: number; start: number; end: number }[] {
  if (!isElf(head) || head[4] !== 2) return []
  const [table, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)]
  if (size < 56) return []
  const parts = []
  for (let at = table; at + size <= Math.min(head.length, table + size * count); at += size) {
    const start = Number(head.readBigUInt64LE(at + 8))
    parts.push({ type: head.readUInt32LE(at), start, end: start + Number(head.readBigUInt64LE(at + 32)) })
  }
  return parts
}

const ELF_MACHINES: Record<number, string> = { 3: 'ia32', 40: 'arm', 62: 'x64', 183: 'arm64', 243: 'riscv64' }
const PE_MACHINES: Record<number, string> = { 0x14c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' }
const MACH_MACHINES: Record<number, string> = { 0x01000007: 'x64', 0x0100000c: 'arm64' }

/** What a file is that should be an addon: the system and processor it was built for, or why that can't be told. */
export function describeLibrary(path: string): { text: string; os?: string; arch?: string | undefined } {
  const head = readHead(path)
  if (head === null) return { text: 'a file that cannot be read' }
  if (head.length < 64) return { text: `a file of ${head.length} bytes` }
  if (isElf(head)) return library('linux', ELF_MACHINES[head.readUInt16LE(18)])
  if (head.toString('latin1', 0, 2) === 'MZ') {
    const at = head.readUInt32LE(60)
    return library('win32', at + 6 <= head.length ? PE_MACHINES[head.readUInt16LE(at + 4)] : undefined)
  }
  if (head.readUInt32LE(0) === 0xfeedfacf) return library('darwin', MACH_MACHINES[head.readUInt32LE(4)])
  return { text: 'a file that is not a library' }
}

function library(os: string, arch: string | undefined): { text: string; os: string; arch: string | undefined } {
  return { text: `a library for ${platformText(`${os}-${arch ?? 'an unknown processor'}`)}`, os, arch }
}

const isElf = (head: Buffer): boolean => head.length >= 64 && head.readUInt32BE(0) === 0x7f454c46

const HEAD_BYTES = 4096

function readHead(path: string): Buffer | null {
  try {
    const file = openSync(path, 'r')
    try {
      const head = Buffer.alloc(HEAD_BYTES)
      return head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return null
  }
}
