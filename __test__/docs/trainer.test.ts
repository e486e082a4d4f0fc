// The code of docs/trainer.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/trainer.md'), 'utf8')
const run = inFolder('trainer', { models: 'models' })

test('trainer: the code of the page runs, and what the page says of it is true', async (t) => {
  const claims = `
export const claims = [losses.length, result.step, resumed.step, report.rows, report.validationRows, report.form, result.evaluations.length]
export const text = String(report)`
  const found = (await run(codeOf(PAGE) + claims)) as { claims: unknown; text: string }
  t.deepEqual(found.claims, [4, 4, 4, 36, 4, 'prompt and completion', 1])
  t.true(found.text.includes('⟦'))
})

test('trainer: its links lead somewhere', (t) => {
  for (const [, link] of PAGE.matchAll(/\]\(([^)#]+)/g))
    t.notThrows(() => readFileSync(join(ROOT, 'docs', link!)), link)
})
