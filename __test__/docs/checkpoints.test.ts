// The code of docs/checkpoints.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'
import { warningsOf } from '../support/warnings.js'

const PAGE = readFileSync(join(ROOT, 'docs/checkpoints.md'), 'utf8')

const run = inFolder('checkpoints')

const CLAIMS = `
const whole = start()
await go(whole, 6)
const bits = async ({ model }) => String(await Promise.all([...model.namedTensors()].map(async ([, tensor]) => String(await tensor.data()))))
patience.best = 1
const back = { ...start(), stateful: { side, patience } }
await train.loadCheckpoint(await train.lastCheckpoint('runs/net'), back)
const epoch = [...sampled].length
side.close()
export const claims = {
  notes,
  'the same bits': (await bits(second)) === (await bits(whole)),
  'of the last one': (await bits(back)) === (await bits(whole)),
  'an object of its own': patience.best,
  epoch,
}
`

test('checkpoints: the code of the page runs, and what the page says of it is true', async (t) => {
  let claims: unknown
  const warnings = await warningsOf(async () => {
    ;({ claims } = (await run(codeOf(PAGE) + CLAIMS)) as { claims: unknown })
  })
  t.deepEqual(warnings, [])
  t.deepEqual(claims, {
    notes: { why: 'half way' },
    'the same bits': true,
    'of the last one': true,
    'an object of its own': Infinity,
    epoch: 3,
  })
})

test('checkpoints: its links lead somewhere', (t) => {
  for (const [, link] of PAGE.matchAll(/\]\(([^)#]+)/g))
    t.notThrows(() => readFileSync(join(ROOT, 'docs', link!)), link)
})
