// The results of the same work in a fresh process that does nothing else.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client, Tally } from './client.mjs'
import { Server } from './server.mjs'

/** Trains one adapter alone on a fresh server; the hash of its file. */
export async function trainAlone(model, { customer, task }) {
  const folder = await mkdtemp(join(tmpdir(), 'loralib-solo-'))
  const server = await Server.start(model, folder)
  try {
    const client = new Client(server.address, new Tally())
    await client.ask(`POST /adapters/${customer}`, task)
    await client.ask(`GET /adapters/${customer}/job`)
    const { bytes } = await client.ask(`GET /adapters/${customer}`)
    return createHash('sha256').update(bytes).digest('hex')
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The losses that a worker must have: those of its program in a process of its own. */
export async function workerAlone() {
  const program = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  return stdout.trim()
}
