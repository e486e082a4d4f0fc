// The code of docs/generation.md runs: its blocks together, in the order of the page, as one program.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const PAGE = readFileSync(join(ROOT, 'docs/generation.md'), 'utf8')

interface Made {
  [name: string]: never
}

const run = inFolder('generation', { models: 'models' })

test('generation: the code of the page runs, and gives what the page says', async (t) => {
  const names = 'prompt, greedy, drawn, best, sequences, sequencesScores, vowels, rare, rows, ids'
  const code = codeOf(PAGE).replaceAll('process.stdout.write', 'String')
  const made = (await run(`${code}\nexport { ${names} }\n`)) as Made & {
    [name in 'prompt' | 'greedy' | 'best' | 'vowels' | 'rare']: number[]
  } & { drawn: number[][]; sequences: number[][]; rows: number[][]; sequencesScores: number[]; ids: lora.Tensor }
  const start = made.prompt.length
  for (const row of [made.greedy, made.best, ...made.drawn]) t.deepEqual(row.slice(0, start), made.prompt)
  t.is(new Set(made.drawn.map(String)).size, 3)
  t.is(made.sequences.length, 4)
  const [a, b, c, d] = made.sequencesScores as [number, number, number, number]
  t.true(a >= b && c >= d && a < 0)
  const fresh = made.rare.slice(start)
  t.false(fresh.some((id) => made.vowels.includes(id)))
  t.deepEqual([...made.ids.shape], [2, made.rows[0]!.length])
})

test('generation: every filter is on the page', (t) => {
  const options = Object.keys(lora.generation.processors)
  t.true(options.length > 12)
  const spelling: Record<string, string> = { noRepeatNgram: 'noRepeatNgramSize', badWords: 'badWordsIds' }
  for (const name of options) t.true(PAGE.includes(`\`${spelling[name] ?? name}\``), name)
})
