// A short training of a known number of steps by the trainer's own code, and hashes of everything that comes out: equal hashes mean equal bits.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)

/**
 * @param {{ trainer: string, base: string, text: string, steps?: number, onStep?: () => void }} work `trainer` is the folder with the trainer's code
 * @returns {Promise<{ losses: number[], file: string, written: string, read: string }>}
 */
export async function work({ trainer, base, text, steps = 8, onStep = () => {} }) {
  const { Studio } = await import(pathToFileURL(join(trainer, 'studio.mjs')).href)
  const folder = mkdtempSync(join(tmpdir(), 'loralib-work-'))
  try {
    const losses = []
    const pieces = { base: '', adapted: '' }
    const studio = new Studio((event) => {
      if (event.event === 'step') losses.push(event.loss)
      if (event.event === 'step') onStep()
      if (event.event === 'piece') pieces[event.side] += event.text
    })
    await studio.open({ folder: base })
    await studio.read({ documents: [{ name: 'text.txt', text }] })
    await studio.train({ minutes: Infinity, steps, file: join(folder, 'adapter.safetensors') })
    await studio.write({ prompt: 'The house', seed: 5 })
    await studio.save({ path: join(folder, 'exported.safetensors') })
    return {
      losses,
      file: hash(readFileSync(join(folder, 'exported.safetensors'))),
      written: hash(JSON.stringify(pieces)),
      text: pieces.adapted,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
