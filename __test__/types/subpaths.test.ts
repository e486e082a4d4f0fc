import { createRequire } from 'node:module'
import test from 'ava'
import * as lora from 'loralib'

const NAMESPACES = [
  'nn',
  'optim',
  'models',
  'generation',
  'metrics',
  'data',
  'peft',
  'adapters',
  'train',
  'tokenizers',
  'hub',
] as const

test('each namespace is a subpath, by import and by require, with the same classes and functions', async (t) => {
  const require = createRequire(import.meta.url)
  const root = new Map<string, unknown>(Object.entries(lora))
  t.deepEqual(
    [...root].flatMap(([name, value]) => (isNamespace(value) ? [name] : [])),
    [...NAMESPACES].sort(),
  )
  for (const name of NAMESPACES) {
    const imported = (await import(`loralib/${name}`)) as Record<string, unknown>
    const required = require(`loralib/${name}`) as Record<string, unknown>
    const namespace = root.get(name) as Record<string, unknown>
    t.deepEqual(Object.keys(imported), Object.keys(namespace).sort(), name)
    for (const key of Object.keys(namespace).filter((member) => !isNamespace(namespace[member]))) {
      t.true(imported[key] === namespace[key] && required[key] === namespace[key], `${name}.${key}`)
    }
  }
})

test('a subpath that is none is not found: files inside the package are not public', async (t) => {
  for (const path of ['loralib/dist/loralib.js', 'loralib/types/index.d.ts', 'loralib/loralib', 'loralib/native']) {
    await t.throwsAsync(() => import(path), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' })
  }
})

/** Modules put together by the build have no prototype. */
const isNamespace = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
