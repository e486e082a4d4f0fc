// The code of docs/generation.md runs: its blocks together, in the order of the page, as one program.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import * as lora from 'loralib'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/generation.md'), 'utf8')

interface Made {
  [name: string]: never
}

const here = process.cwd()
let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'loralib-generation-'))
  symlinkSync(join(ROOT, 'models'), join(folder, 'models'), 'dir')
  mkdirSync(join(ROOT, 'build/docs/generation'), { recursive: true })
  process.chdir(folder)
})
test.after.always(() => {
  process.chdir(here)
  rmSync(folder, { recursive: true, force: true })
  rmSync(join(ROOT, 'build/docs/generation'), { recursive: true, force: true })
})

test('generation: the code of the page runs, and gives what the page says', async (t) => {
  const code = [...PAGE.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text]) => text!).join('\n')
  const path = join(ROOT, 'build/docs/generation/page.mjs')
  const names = 'prompt, greedy, drawn, best, sequences, sequencesScores, vowels, rare, rows, ids'
  writeFileSync(path, `${code.replaceAll('process.stdout.write', 'String')}\nexport { ${names} }\n`)
  const made = (await import(pathToFileURL(path).href)) as Made & {
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
