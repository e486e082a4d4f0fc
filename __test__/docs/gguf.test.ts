// The code of docs/gguf.md runs: each section of the page is a program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const SECTIONS = readFileSync(join(ROOT, 'docs/gguf.md'), 'utf8').split(/^(?=## )/m)

const run = inFolder('gguf', { models: 'models' })

const CLAIMS: Record<string, string> = {
  'Read and train': `export const claims = [base.stateDict()['transformer.wte.weight']?.dtype, own.decode(own.encode('a pub')), model.trainableParameters().length > 0]`,
  Write: `export const claims = [types['blk.0.attn_norm.weight'], Object.keys(fallbacks).length >= 0, types['position_embd.weight']]`,
  'Tensors and metadata': `export const claims = [tensors['a.weight'].dtype, String(tensors['a.weight'].shape), metadata['general.architecture'].value]`,
}
const WANTED: Record<string, unknown[]> = {
  'Read and train': ['q8_0', 'a pub', true],
  Write: ['f32', true, 'f32'],
  'Tensors and metadata': ['q8_0', '4000,64', 'llama'],
}

for (const [title, claims] of Object.entries(CLAIMS)) {
  test.serial(`gguf: the code of "${title}" runs, and what the page says of it is true`, async (t) => {
    const section = SECTIONS.find((each) => each.startsWith(`## ${title}`))
    const made = (await run(`${codeOf(section!)}\n${claims}`)) as { claims: unknown[] }
    t.deepEqual(made.claims, WANTED[title])
  })
}
