// Parts of an installation, and small changes to them.
import { closeSync, openSync, writeSync } from 'node:fs'
import { basename, join } from 'node:path'
import { addonFile } from '../../lib/stamp.mjs'

/** This platform, e.g. linux-x64-gnu. */
export const hostPlatform = () => /^loralib\.(.+)\.node$/.exec(basename(addonFile()))[1]

export const packageOf = (folder) => join(folder, 'node_modules/@loralib', hostPlatform())
export const addonOf = (folder) => join(packageOf(folder), `loralib.${hostPlatform()}.node`)

/** A module, to be imported first, under which Node seems to run on another processor or C library. */
export function rename(what, value) {
  const code =
    what === 'arch'
      ? `Object.defineProperty(process, 'arch', { value: '${value}' })`
      : // The loader that the program asks for is read from its file.
        `import fs from 'node:fs'
         import { syncBuiltinESMExports } from 'node:module'
         const read = fs.readSync
         fs.readSync = (file, buffer, ...others) => {
           const count = read(file, buffer, ...others)
           const at = buffer.indexOf('/ld-linux')
           if (at >= 0) buffer.write('/ld-musl-', at)
           return count
         }
         syncBuiltinESMExports()`
  return `data:text/javascript,${encodeURIComponent(code)}`
}

/** Writes another processor into the head of an ELF library. */
export function setMachine(path, machine) {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.from([machine & 0xff, machine >> 8]), 0, 2, 18)
  closeSync(file)
}
