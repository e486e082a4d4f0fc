// Several processes on one cache.
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { runProgram } from '../support/process.js'
import { FakeHub, cacheFolder, sha256, someBytes } from '../support/hub-server.js'

const WEIGHTS = someBytes(400_000)
const FILES = { 'config.json': '{}', 'model.safetensors': WEIGHTS }
const PROGRAM = `
import { hub } from 'loralib'
process.stdout.write(await hub.modelFolder('owner/name'))
`

test('two processes at once: one downloads, the other waits, and both have the whole', async (t) => {
  const server = await FakeHub.start(t, FILES)
  server.pauseMs = 40
  const env = { HF_HUB_CACHE: cacheFolder(t), HF_ENDPOINT: server.endpoint, HF_HUB_OFFLINE: '' }
  const ended = await Promise.all([runProgram(PROGRAM, { env }), runProgram(PROGRAM, { env })])
  for (const { code, errors, out } of ended) {
    t.is(code, 0, errors)
    t.true(readFileSync(join(out, 'model.safetensors')).equals(WEIGHTS))
  }
  t.is(server.transfers.filter(({ isCdn }) => isCdn).length, 1)
  const own = server.transfers.filter(({ isCdn }) => !isCdn).map(({ path }) => path.split('/').at(-1))
  t.deepEqual(own.sort(), ['config.json', 'model.safetensors'])
  t.deepEqual(readdirSync(join(env.HF_HUB_CACHE, '.locks/models--owner--name')), [])
})

test('a process that is killed leaves a lock and a part: the next one takes both up at once', async (t) => {
  const server = await FakeHub.start(t, FILES)
  server.pauseMs = 40
  const env = { HF_HUB_CACHE: cacheFolder(t), HF_ENDPOINT: server.endpoint, HF_HUB_OFFLINE: '' }
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, ...env },
  })
  const partial = join(env.HF_HUB_CACHE, 'models--owner--name/blobs', `${sha256(WEIGHTS)}.loralib.incomplete`)
  while (sizeOf(partial) < 100_000) await new Promise((done) => setTimeout(done, 20))
  child.kill('SIGKILL')
  await new Promise((done) => child.once('exit', done))
  t.is(readdirSync(join(env.HF_HUB_CACHE, '.locks/models--owner--name')).length, 1)
  server.pauseMs = 0
  const { code, out, errors, ms } = await runProgram(PROGRAM, { env })
  t.is(code, 0, errors)
  t.true(readFileSync(join(out, 'model.safetensors')).equals(WEIGHTS))
  t.regex(server.transfers.at(-1)!.range!, /^bytes=\d{6}-$/)
  t.true(ms < 20_000, 'it does not wait until the lock is old')
})

function sizeOf(path: string): number {
  try {
    return readFileSync(path).length
  } catch {
    return 0
  }
}
