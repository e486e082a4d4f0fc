// The namespaces of the package: each `export * as name` of src/index.ts is also a subpath, `loralib/name`.
import { readFileSync } from 'node:fs'
import { inRoot, packageJson } from './run.mjs'

/** Name → path of its module below src/, without the extension: nn → nn/index. */
export function namespaces() {
  const source = readFileSync(inRoot('src/index.ts'), 'utf8')
  const found = [...source.matchAll(/^export \* as (\w+) from '\.\/(.+)\.js'$/gm)]
  return new Map(found.map(([, name, path]) => [name, path]))
}

/** The difference between package.json and src/index.ts in the subpaths, or null. */
export function subpathDrift() {
  const { exports, typesVersions } = packageJson()
  const subpaths = Object.fromEntries([...namespaces()].map(([name, path]) => [`./${name}`, subpath(name, path)]))
  const { '.': root, './package.json': self, ...have } = exports
  if (!same(have, subpaths)) return `package.json: exports should hold ${JSON.stringify(subpaths, null, 2)}`
  const older = Object.fromEntries([...namespaces()].map(([name, path]) => [name, [`./types/${path}.d.ts`]]))
  if (!same(typesVersions, { '*': older }))
    return `package.json: typesVersions should be ${JSON.stringify({ '*': older })}`
  return root && self ? null : 'package.json: exports lacks "." or "./package.json"'
}

function subpath(name, path) {
  const module = `./dist/${name}.js`
  return { types: `./types/${path}.d.ts`, 'module-sync': module, default: module }
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
