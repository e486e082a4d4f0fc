// The code of docs/gguf.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/gguf.md'), 'utf8')

const run = inFolder('gguf', { models: 'models' })

const CLAIMS = `
export const claims = {
  trained: [base.stateDict()['transformer.wte.weight']?.dtype, own.decode(own.encode('a pub')), model.trainableParameters().length > 0],
  written: [types['blk.0.attn_norm.weight'], Object.keys(fallbacks).length >= 0, types['position_embd.weight']],
  parts: [parts['a.weight'].dtype, String(parts['a.weight'].shape), metadata['general.architecture'].value],
}
`

test('gguf: the code of the page runs, and what the page says of it is true', async (t) => {
  const { claims } = (await run(`${codeOf(PAGE)}${CLAIMS}`)) as { claims: Record<string, unknown> }
  t.deepEqual(claims, {
    trained: ['q8_0', 'a pub', true],
    written: ['f32', true, 'f32'],
    parts: ['q8_0', '4000,64', 'llama'],
  })
})
