// The checksums of a checkpoint's files, in the form of sha256sum: `sha256sum -c SHA256SUMS` checks them, too.
import { createReadStream } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FormatError } from '../errors.js'
import { writeText } from '../io/write-text.js'

const SUMS = 'SHA256SUMS'

/** Writes the checksums of all files of a folder, as they are on the disk. */
export async function writeSums(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name !== SUMS).sort()
  const lines = []
  for (const name of names) lines.push(`${await sumOf(join(dir, name))}  ${name}\n`)
  await writeText(join(dir, SUMS), lines.join(''))
}

/** Compares them; a folder of an earlier version has none. @throws {FormatError} naming the first file that is another one, or is not there. */
export async function verifySums(dir: string): Promise<void> {
  const text = await readFile(join(dir, SUMS), 'utf8').catch(() => null)
  for (const line of text?.split('\n').filter(Boolean) ?? []) {
    const [sum, name] = line.split('  ') as [string, string]
    const found = await sumOf(join(dir, name)).catch((error: Error) => error.message)
    if (found !== sum) throw damaged(join(dir, name), sum, found)
  }
}

async function sumOf(path: string): Promise<string> {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
  return hash.digest('hex')
}

function damaged(path: string, expected: string, received: string): FormatError {
  const fix = 'go back to an older checkpoint'
  return new FormatError({ what: `${path} is damaged`, expected: `the SHA-256 sum ${expected}`, received, fix })
}
