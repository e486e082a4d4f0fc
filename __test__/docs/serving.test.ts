// The code of docs/serving.md runs: its blocks together, in the order of the page, as one program.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { removeFolder } from '../support/files.js'
import { linkFolder } from '../support/page-program.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/serving.md'), 'utf8')

// What the page says of the things that its code makes.
const CLAIMS = `
import { setTimeout as sleep } from 'node:timers/promises'
const claims = {
  'an aborted training': [ended instanceof lora.AbortedError, ended.code, refused],
  'adapters that are trained beside each other': [
    await same(ann, await train(texts, { seed: 1 })),
    await same(bob, await train(texts, { seed: 2 })),
    await same(ann, bob),
  ],
  'a saved adapter': await same(ann, again),
  'what an adapter costs': [adapter.bytes / (adapter.tensors / 48), adapter.tensors / 48, gradient.tensors, optimizer.tensors, activation.tensors],
  'the base once': [frozen.tensors, frozen.bytes < 12e6],
  'a worker': numbers instanceof Float32Array && numbers.some((x) => x !== 0),
}
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const address = 'http://127.0.0.1:' + server.address().port
claims['a server'] = (await (await fetch(address)).text()).length > 0
const leave = new AbortController()
await fetch(address, { signal: leave.signal })
leave.abort()
claims['a server whose client left'] = (await (await fetch(address)).text()).length > 0
server.close()
server.closeAllConnections()

async function same(a, b) {
  const numbersOf = async (model) => (await Promise.all(Object.values(lora.loraStateDict(model)).map((t) => t.data()))).map(String)
  return String(await numbersOf(a)) === String(await numbersOf(b))
}
export { claims }
`

let folder = ''
const here = process.cwd()
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'loralib-serving-'))
  linkFolder(join(ROOT, 'models'), join(folder, 'models'))
  mkdirSync(join(ROOT, 'build/docs/serving'), { recursive: true })
  process.chdir(folder)
})
test.after.always(() => {
  process.chdir(here)
  removeFolder(folder)
  rmSync(join(ROOT, 'build/docs/serving'), { recursive: true, force: true })
})

/** Blocks that begin with a file's name are files of their own. */
function blocks(page: string): { program: string; files: [name: string, text: string][] } {
  const all = [...page.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, text]) => text!)
  const named = all.flatMap((text) => {
    const name = /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1]
    return name === undefined ? [] : [[name, text] as [string, string]]
  })
  const program = all.filter((text) => !named.some(([, other]) => other === text)).join('\n')
  return { program, files: named }
}

test('serving: the code of the page runs, and what the page says of it is true', async (t) => {
  const { program, files } = blocks(PAGE)
  const path = (name: string) => join(ROOT, 'build/docs/serving', name)
  for (const [name, text] of files) writeFileSync(path(name), text)
  const beside = program.replace(/'\.\/(\w+\.mjs)'/g, (_, name: string) => `new URL('${name}', import.meta.url)`)
  writeFileSync(path('page.mjs'), beside + CLAIMS)
  const { claims } = (await import(pathToFileURL(path('page.mjs')).href)) as { claims: Record<string, unknown> }
  t.deepEqual(claims, {
    'an aborted training': [true, 'ERR_LORA_ABORTED', 'ERR_LORA_BACKLOG'],
    'adapters that are trained beside each other': [true, true, false],
    'a saved adapter': true,
    'what an adapter costs': [786_432, 2, 0, 0, 0],
    'the base once': [76, true],
    'a worker': true,
    'a server': true,
    'a server whose client left': true,
  })
})

test('serving: its links lead somewhere, and every code of an error is one', (t) => {
  const { codes } = { codes: readFileSync(join(ROOT, 'docs/errors.md'), 'utf8') }
  for (const [code] of PAGE.matchAll(/ERR_LORA_\w+/g)) t.true(codes.includes(`\`${code}\``), code)
  for (const [, link] of PAGE.matchAll(/\]\(([^)#]+)/g)) {
    t.notThrows(() => readFileSync(join(ROOT, 'docs', link!)), link)
  }
})
