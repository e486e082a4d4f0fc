// What a newcomer reads first is true: the code of README.md and docs/quickstart.md runs, links lead somewhere, names exist.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { ROOT, codeOf, inFolder } from '../support/page-program.js'

const page = (name: string) => readFileSync(join(ROOT, name), 'utf8')

const run = inFolder('front-door', { models: 'models' })

/** Runs the JavaScript of a page as one program, and gives what it printed. */
async function printed(name: string): Promise<string[]> {
  const code = codeOf(page(name)).replaceAll('console.log(', 'lines.push(')
  const { lines } = (await run(`export const lines = []\n${code}`)) as { lines: unknown[] }
  return lines.map(String)
}

test.serial('README: its code trains, saves, and writes what its comment says', async (t) => {
  const said = /console\.log\(.*\) \/\/ (.*)/.exec(page('README.md'))![1]!
  t.deepEqual(await printed('README.md'), [said])
  t.true(Object.keys(await lora.load('adapter.safetensors')).every((name) => /\.lora_[AB]$/.test(name)))
})

test.serial('README: the code stands within the first screen and has about 15 lines', (t) => {
  const lines = page('README.md').split('\n')
  const [from, to] = [lines.indexOf('```js'), lines.indexOf('```')]
  t.true(from < 10 && to < 32, `lines ${from} to ${to}`)
  const code = lines.slice(from + 1, to).filter((line) => line !== '')
  t.true(code.length <= 18, `${code.length} lines`)
})

test.serial('docs/quickstart.md: its code loads an adapter of the quickstart and writes', async (t) => {
  // The layers of the program, with any rank: the file says which.
  const targets = /targets = (\[.*?\])/.exec(page('examples/01-quickstart.mjs'))![1]!
  const names = JSON.parse(targets.replaceAll("'", '"')) as string[]
  mkdirSync('out/quickstart', { recursive: true })
  for (const r of [8, 48]) {
    const model = await lora.models.GPT2LMHeadModel.fromPretrained('models/base')
    lora.injectLora(model, { targets: names, r, loraAlpha: 2 * r, includeTied: true })
    await lora.save(lora.loraStateDict(model), 'out/quickstart/adapter.safetensors')
    const [text] = await printed('docs/quickstart.md')
    t.true(text!.length > 0)
  }
})

for (const name of [
  'README.md',
  'docs/quickstart.md',
  'docs/api.md',
  'docs/electron.md',
  'examples/README.md',
  'examples/electron/README.md',
]) {
  test(`${name}: links within the repository lead to files and headings`, (t) => {
    for (const [, link] of page(name).matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file, heading] = link!.split('#')
      const path = file === '' ? name : join(dirname(name), file!)
      t.true(existsSync(join(ROOT, path)), `${link} of ${name}`)
      if (heading !== undefined) t.true(headings(path).includes(heading), `${link} of ${name}`)
    }
  })
}

/** Anchors of a page, as GitHub makes them. */
function headings(name: string): string[] {
  const titles = [...page(name).matchAll(/^#+ (.*)$/gm)].map(([, title]) => title!)
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('docs/api.md: every name in the table of the root exists', (t) => {
  const rows = page('docs/api.md')
    .split('## `lora`')[1]!
    .split('\n## ')[0]!
    .matchAll(/^\|[^|]*\|(.*)\|$/gm)
  const spans = [...rows].flatMap(([, cell]) => [...cell!.matchAll(/`([^`]+)`/g)].map(([, span]) => span!))
  const names = spans
    .flatMap((span) => span.split(' '))
    .filter((name) => !['fromLayer', 'torch.save', 'code'].includes(name))
  t.true(names.length > 50, `${names.length} names`)
  for (const name of names) t.true(name in lora, name)
})
