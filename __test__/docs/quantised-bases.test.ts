// The code of docs/quantised-bases.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/quantised-bases.md'), 'utf8')

const run = inFolder('quantised-bases', { models: 'models' })

const CLAIMS = `
const types = new Set(Object.entries(base.stateDict()).filter(([key]) => key.endsWith('c_attn.weight')).map(([, { dtype }]) => dtype))
const losses = await Promise.all([model, model.withAdapter('__base__')].map((each) => each.forward(ids, { labels: ids }).loss.item()))
export const claims = { types: [...types], losses, trained: model.trainableParameters().map(({ dtype }) => dtype) }
`

test('quantised-bases: the code of the page runs: the base is in blocks, the factors are f32, and they learn', async (t) => {
  const { claims } = (await run(`${codeOf(PAGE)}${CLAIMS}`)) as {
    claims: { types: string[]; losses: number[]; trained: string[] }
  }
  t.deepEqual(claims.types, ['q8_0'])
  t.true(claims.trained.length > 0 && claims.trained.every((dtype) => dtype === 'f32'))
  t.true(claims.losses[0]! < claims.losses[1]!)
})
