import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'
import { runProgram } from '../support/process.js'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const manifest = JSON.parse(readFileSync(path('package.json'), 'utf8')) as {
  version: string
  napi: { targets: string[] }
}

test('package, addon and crates have one version', (t) => {
  t.is(lora.backend().version, manifest.version)
  t.regex(
    readFileSync(path('Cargo.toml'), 'utf8'),
    new RegExp(`\\[workspace\\.package\\]\\nversion = "${manifest.version}"`),
  )
})

test('a processor that the addon is not built for: the error names the file', async (t) => {
  const before = "delete process.env.LORALIB_NATIVE_PATH; Object.defineProperty(process, 'arch', { value: 'riscv64' })"
  const { out } = await runProgram(
    `${before}; await import('loralib').catch((error) => console.log(JSON.stringify({ code: error.code, expected: error.expected })))`,
  )
  const { code, expected } = JSON.parse(out) as { code: string; expected: string }
  t.is(code, 'ERR_LORA_UNSUPPORTED')
  // In a clone of the repository the addon is built, not installed.
  t.regex(expected, /native\/loralib\.\w+-riscv64/)
})
