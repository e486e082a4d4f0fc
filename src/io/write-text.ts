// Making folders, and writing text files so that under their name there is never an incomplete one.
import { mkdirSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FileError } from '../errors.js'

/** Makes a folder and its missing parents. @throws {FileError} `ERR_LORA_FILE` when it cannot be made. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw noFolder(path, cause)
  })
}

/** As {@link makeFolder}, before anything else runs: for what must be recorded at the place of the call. */
export function makeFolderNow(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw noFolder(path, cause)
  }
}

function noFolder(path: string, cause: unknown): FileError {
  return new FileError({
    what: `the folder ${path} cannot be made`,
    expected: 'a folder that can be written to',
    received: (cause as Error).message,
    fix: 'check the path, and the owner and mode of the folder above it',
    cause,
  })
}

/**
 * Writes a text file, and makes its missing parent folders. It is renamed only once it is on the disk, so that after a crash there is the whole new
 * file or the old one.
 * @throws {FileError} `ERR_LORA_FILE` when it cannot be written; the old file is kept.
 */
export async function writeText(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`
  await makeFolder(dirname(path))
  try {
    const file = await open(partial, 'w')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(partial, path)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined)
    throw new FileError({
      what: `${path} cannot be written`,
      expected: 'a folder that can be written to',
      received: (cause as Error).message,
      fix: 'check the path, its owner and mode, and the free disk space',
      cause,
    })
  }
}
