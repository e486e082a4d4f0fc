// The files of a model that are none of its weights, copied beside weights that were changed.
import { copyFile, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { FileError } from '../errors.js'
import { BESIDE_A_TOKENIZER, TOKENIZER_FILES } from './files.js'

const BESIDE = [...TOKENIZER_FILES.flat(), ...BESIDE_A_TOKENIZER, 'generation_config.json']

/** Copies the tokenizer, its settings and those of generation from one folder into another, each file under its name only when it is whole. @throws {FileError} */
export async function copyTokenizer(from: string, to: string): Promise<string[]> {
  if (resolve(from) === resolve(to)) return []
  try {
    const names = (await readdir(from)).filter((name) => BESIDE.includes(name))
    for (const name of names) {
      const partial = join(to, `${name}.${process.pid}.partial`)
      await copyFile(join(from, name), partial)
      await rename(partial, join(to, name)).catch(async (error: unknown) => {
        await rm(partial, { force: true })
        throw error
      })
    }
    return names
  } catch (cause) {
    throw new FileError({
      what: `the tokenizer of ${from} cannot be copied to ${to}`,
      expected: 'a folder with the files of a model',
      received: (cause as Error).message,
      fix: 'check both paths',
      cause,
    })
  }
}
