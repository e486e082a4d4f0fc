// The code of a page of the docs as a program.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { removeFolder } from './files.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The JavaScript of a page: its blocks in their order. */
export function codeOf(page: string): string {
  return [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text]) => text!).join('\n')
}

/** A folder at another place too: a link, or on Windows, which makes links for administrators alone, a copy. */
export function linkFolder(target: string, path: string): void {
  if (process.platform === 'win32') cpSync(target, path, { recursive: true })
  else symlinkSync(target, path, 'dir')
}

/**
 * Lets all tests of a file run in an empty folder, which goes away behind them. `links` are folders of the repository that stand in it, by their name there.
 * Returns a function that runs a program: in the build, where it finds the package.
 */
export function inFolder(
  name: string,
  links: Readonly<Record<string, string>> = {},
): (code: string) => Promise<unknown> {
  const built = join(ROOT, 'build/docs', name)
  const here = process.cwd()
  let folder = ''
  test.before(() => {
    folder = mkdtempSync(join(tmpdir(), `loralib-${name}-`))
    for (const [link, target] of Object.entries(links)) linkFolder(join(ROOT, target), join(folder, link))
    mkdirSync(built, { recursive: true })
    process.chdir(folder)
  })
  test.after.always(() => {
    process.chdir(here)
    removeFolder(folder)
    rmSync(built, { recursive: true, force: true })
  })
  let runs = 0
  // Each run is a module of its own.
  return (code) => {
    const path = join(built, `${++runs}.mjs`)
    writeFileSync(path, code)
    return import(pathToFileURL(path).href)
  }
}
