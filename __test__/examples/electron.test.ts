// The main process of the Electron example, with a stand-in for `electron` and for its trainer: what the window may ask for, and what it may not.
// `npm run proof:electron` runs the real trainer and the page.
import { EventEmitter } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'

type Problem = { about: string; what: string; why: string; fix: string }
type State = {
  trainer: string
  text: { words: number } | null
  run: { state: string; points: unknown[] } | null
  adapter: { steps: number } | null
  problem: Problem | null
}
type Handler = (event: { preventDefault(): void }) => void
type WindowSeen = {
  url: string
  options: { webPreferences: Record<string, unknown> & { preload: string } }
  openHandler: () => { action: string }
  webContents: EventEmitter
} & EventEmitter
type StandIn = {
  electron: {
    app: EventEmitter & { requestSingleInstanceLock: () => boolean }
    utilityProcess: { fork: () => FakeTrainer }
  }
  seen: {
    windows: WindowSeen[]
    schemes: { scheme: string }[]
    protocols: Map<string, (request: { url: string }) => Promise<Response>>
    handlers: Map<string, unknown>
    permissionHandler: (contents: null, permission: string, grant: (isGranted: boolean) => void) => void
    quits: number
  }
  answers: { folder: string | null; file: string | null; close: number }
  invoke: (channel: string, given?: unknown, url?: string) => Promise<{ state: State; revision: number }>
}

const example = new URL('../../examples/electron/', import.meta.url)
const load = <T>(path: string, base: URL = example) => import(new URL(path, base).href) as Promise<T>
const { startApp } = await load<{ startApp: (electron: unknown) => void }>('main/app.mjs')
const { makeElectron } = await load<{ makeElectron: (options: object) => StandIn }>(
  '../../scripts/proofs/electron/stand-in.mjs',
)
const { readDocuments } = await load<{ readDocuments: (documents: { name: string; text: string }[]) => object }>(
  'trainer/texts.mjs',
)
const PAGE = 'app://page/index.html'

/** A trainer that does at once what it is asked. */
class FakeTrainer extends EventEmitter {
  readonly asked: { ask: string; with: Record<string, unknown> }[] = []
  lastId = 0

  postMessage({ id, ask, with: given }: { id: number; ask: string; with: Record<string, unknown> }): void {
    this.asked.push({ ask, with: given })
    this.lastId = id
    const results: Record<string, unknown> = {
      open: { name: 'base', folder: given['folder'], family: 'gpt2', parameters: 1, reads: 256 },
      read: { kind: 'text', items: 1, tokens: 500, begins: 'Dear', isMeasured: false },
      write: { isCut: false, wasStopped: false },
      save: { bytes: 3 },
    }
    // A training goes on until the test ends it.
    if (ask !== 'train') setImmediate(() => this.emit('message', { id, result: results[ask] }))
  }

  kill(): boolean {
    return true
  }
}

async function open(t: ExecutionContext) {
  const trainer = new FakeTrainer()
  const changes: object[] = []
  const standIn = makeElectron({
    appPath: 'app',
    userData: tmpdir(),
    onChange: (_: string, change: object) => changes.push(change),
  })
  standIn.electron.utilityProcess.fork = () => trainer
  startApp(standIn.electron)
  const state = async () => (await standIn.invoke('session:state')).state
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.is((await state()).trainer, 'ready')
  return { ...standIn, trainer, changes, state }
}

const preload = readFileSync(new URL('preload.cjs', example), 'utf8')
const asks = [...preload.matchAll(/invoke\('([^']+)'/g)].map(([, channel]) => channel!)

test('Electron example: each channel of the preload script has its handler, and no other has one', async (t) => {
  const { seen } = await open(t)
  t.true(asks.length > 8)
  t.deepEqual([...seen.handlers.keys()].toSorted(), [...new Set(asks)].toSorted())
  t.regex(preload, /ipcRenderer\.on\('session:change'/)
})

test('Electron example: the window is sandboxed, goes nowhere and is granted nothing', async (t) => {
  const { seen } = await open(t)
  const [window] = seen.windows
  const { preload: file, ...rest } = window!.options.webPreferences
  t.like(rest, { sandbox: true, contextIsolation: true, nodeIntegration: false })
  t.true(existsSync(file))
  t.is(window!.url, PAGE)
  t.deepEqual(window!.openHandler(), { action: 'deny' })
  let prevented = 0
  window!.webContents.emit('will-navigate', { preventDefault: () => prevented++ })
  t.is(prevented, 1)
  window!.url = ''
  window!.webContents.emit('render-process-gone', {}, { reason: 'clean-exit' })
  t.is(window!.url, '')
  window!.webContents.emit('render-process-gone', {}, { reason: 'crashed' })
  t.is(window!.url, PAGE, 'a page that crashed is loaded again')
  const granted: boolean[] = []
  seen.permissionHandler(null, 'camera', (isGranted) => granted.push(isGranted))
  t.deepEqual(granted, [false])
})

test('Electron example: the page gets its own files alone, each with a policy', async (t) => {
  const { seen } = await open(t)
  t.is(seen.schemes[0]!.scheme, 'app')
  const answer = seen.protocols.get('app')!
  const index = await (await answer({ url: PAGE })).text()
  const files = [...index.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!)
  t.true(files.length >= 3)
  for (const file of ['index.html', 'view.mjs', ...files]) {
    const { status, headers } = await answer({ url: `app://page/${file}` })
    t.is(status, 200, file)
    t.regex(headers.get('content-security-policy')!, /default-src 'none'; script-src 'self'/)
    t.notRegex(headers.get('content-security-policy')!, /unsafe/)
  }
  t.notRegex(index, /<script(?![^>]*src)|style="|onclick/)
  const others = ['page/../main/app.mjs', 'page/%2e%2e/preload.cjs', 'page/..%2fmain.mjs', 'page/main.mjs', 'page/', 'page/no.html', 'other/index.html'] // prettier-ignore
  for (const path of others) t.is((await answer({ url: `app://${path}` })).status, 404, path)
})

test('Electron example: another page is answered on no channel', async (t) => {
  const { invoke } = await open(t)
  for (const url of ['https://example.org/', 'app://page/other.html', 'file:///index.html', ''])
    for (const channel of asks) await t.throwsAsync(invoke(channel, {}, url), { message: /only the page of this app/ })
})

test('Electron example: what the page never sends is refused, and the trainer is not asked', async (t) => {
  const { invoke, trainer } = await open(t)
  const before = trainer.asked.length
  const text = { name: 'a.txt', text: 'Dear Ann' }
  const bad: [channel: string, given: unknown][] = [
    ['text:use', undefined],
    ['text:use', { documents: 'Dear Ann' }],
    ['text:use', { documents: [] }],
    ['text:use', { documents: [null] }],
    ['text:use', { documents: [{ ...text, text: 7 }] }],
    ['text:use', { documents: [{ ...text, name: 'a'.repeat(300) }] }],
    ['text:use', { documents: Array.from({ length: 1001 }, () => text) }],
    ['training:start', undefined],
    ['training:start', { minutes: '1' }],
    ['training:start', { minutes: 1e9 }],
    ['training:start', { minutes: NaN }],
    ['writing:start', { prompt: null }],
    ['writing:start', { prompt: 'a'.repeat(5000) }],
  ]
  for (const [channel, given] of bad)
    await t.throwsAsync(
      invoke(channel, given),
      { message: /must be/ },
      `${channel} ${JSON.stringify(given)?.slice(0, 60)}`,
    )
  t.is(trainer.asked.length, before)
})

test('Electron example: what users may well do is said in the window', async (t) => {
  const { invoke, state, trainer } = await open(t)
  await invoke('text:use', { documents: [{ name: 'letter.docx', text: 'PK' }] })
  t.like((await state()).problem, { about: 'text', what: 'letter.docx is not a text file' })
  await invoke('text:use', { documents: [{ name: 'a.txt', text: 'a'.repeat(20_000_001) }] })
  t.regex((await state()).problem!.what, /more text than/)
  t.deepEqual(
    trainer.asked.map(({ ask }) => ask),
    ['open'],
  )
  await invoke('training:start', { minutes: 1 })
  t.is((await state()).run, null, 'nothing to train on')
  await invoke('writing:start', { prompt: 'a' })
  t.deepEqual(
    trainer.asked.map(({ ask }) => ask),
    ['open'],
    'no adapter to write with',
  )
})

test('Electron example: a training from the first step to a crash, and the window is asked before it closes', async (t) => {
  const { invoke, state, trainer, seen, electron, answers } = await open(t)
  await invoke('text:use', { documents: [{ name: 'a.txt', text: 'Dear Ann, dear Bob' }] })
  t.is((await state()).text!.words, 4)
  await invoke('training:start', { minutes: 1 })
  await invoke('training:start', { minutes: 1 })
  t.is(trainer.asked.filter(({ ask }) => ask === 'train').length, 1, 'one training at a time')
  trainer.emit('message', { event: 'steps', points: [[1, 6], [2, 5]], secondsLeft: 9, share: 0.1, tokensPerSecond: 7 }) // prettier-ignore
  t.deepEqual((await state()).run!.points, [[1, 6], [2, 5]]) // prettier-ignore
  const closing: string[] = []
  const close: Handler = (event) => void seen.windows[0]!.emit('close', event)
  close({ preventDefault: () => closing.push('kept') })
  answers.close = 1
  close({ preventDefault: () => closing.push('kept again') })
  t.deepEqual(closing, ['kept'])
  const next = new FakeTrainer()
  electron.utilityProcess.fork = () => next
  t.notThrows(() => trainer.emit('error', 'FatalError', 'v8'), 'the exit follows')
  trainer.emit('exit', 139)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const { run, problem, trainer: status } = await state()
  t.like({ run: run!.state, about: problem!.about, status }, { run: 'failed', about: 'training', status: 'ready' })
  t.deepEqual(
    next.asked.map(({ ask }) => ask),
    ['open', 'read'],
  )
})

test('Electron example: a training that fails leaves what was saved before', async (t) => {
  const { invoke, state, trainer } = await open(t)
  await invoke('text:use', { documents: [{ name: 'a.txt', text: 'Dear Ann' }] })
  await invoke('training:start', { minutes: 1 })
  trainer.emit('message', { event: 'steps', points: [[1, 6]], secondsLeft: 9, share: 0.1, tokensPerSecond: 7 })
  trainer.emit('message', { event: 'saved' })
  const problem = { what: 'The training lost its way', why: 'at step 2', fix: 'Train again.' }
  trainer.emit('message', { id: trainer.lastId, problem })
  await new Promise((resolve) => setTimeout(resolve, 20))
  const after = await state()
  t.like(after, { run: { state: 'failed' }, problem: { about: 'training', ...problem }, adapter: { steps: 1 } })
  t.like(trainer.asked.at(-1), { ask: 'restore', with: { kind: 'text' } })
})

test('Electron example: a second instance ends at once', (t) => {
  const standIn = makeElectron({ appPath: 'app', userData: tmpdir() })
  standIn.electron.app.requestSingleInstanceLock = () => false
  startApp(standIn.electron)
  t.is(standIn.seen.quits, 1)
  t.is(standIn.seen.handlers.size, 0)
})

test('Electron example: versions are exact, and docs/electron.md shows what is unpacked', (t) => {
  const require = createRequire(import.meta.url)
  const { asarUnpack } = require(fileURLToPath(new URL('electron-builder.cjs', example))) as { asarUnpack: string[] }
  const own = JSON.parse(readFileSync(new URL('package.json', example), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  for (const version of Object.values({ ...own['dependencies'], ...own['devDependencies'] }))
    t.regex(version, /^\d+\.\d+\.\d+$/)
  const root = JSON.parse(readFileSync(new URL('../../package.json', example), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  t.is(own['dependencies']!['loralib'], root['version'] as unknown as string)
  t.is(own['dependencies']!['csv-parse'], root['dependencies']!['csv-parse'])
  // Whatever loralib depends on is imported by the trainer.
  for (const name of [...Object.keys(root['dependencies']!), 'loralib', '@loralib'])
    t.true(asarUnpack.includes(`node_modules/${name}/**`), name)
  const page = readFileSync(new URL('../../docs/electron.md', example), 'utf8')
  for (const pattern of asarUnpack) t.true(page.includes(`'${pattern}'`), pattern)
})

test('Electron example: texts from .txt, .jsonl and .csv, and what is wrong with a file', (t) => {
  const read = (name: string, text: string) => readDocuments([{ name, text }])
  const row = { prompt: 'Who?', completion: 'Ann' }
  t.deepEqual(read('pasted text', 'Dear Ann'), { kind: 'text', texts: ['Dear Ann'] })
  t.deepEqual(read('a.jsonl', '{"text": "a"}\r\n\n"b"\n'), { kind: 'text', texts: ['a', 'b'] })
  t.deepEqual(read('a.jsonl', JSON.stringify(row)), { kind: 'rows', rows: [row] })
  t.deepEqual(read('a.csv', '\uFEFFPrompt;Completion\n"Who?";Ann\n'), { kind: 'rows', rows: [row] })
  t.deepEqual(read('a.CSV', 'id,text\n1,"a, b"\n'), { kind: 'text', texts: ['a, b'] })
  const wrong: [name: string, text: string, what: RegExp][] = [
    ['a.txt', ' \n', /There is no text in it/],
    ['a.jsonl', '{"text": "a"}\n{', /^a\.jsonl, line 2 is not JSON/],
    ['a.jsonl', '[1]', /^a\.jsonl, line 1 has no text/],
    ['a.csv', 'name\nAnn\n', /^a\.csv, row 1 has no text/],
    ['a.csv', 'prompt,completion\nWho?,\n', /^a\.csv, row 1 has an empty completion/],
    ['a.csv', 'a,b\n1\n', /^a\.csv is not a table/],
  ]
  for (const [name, text, message] of wrong) t.throws(() => read(name, text), { name: 'Problem', message })
  const mixed = [{ name: 'a.txt', text: 'a' }, { name: 'a.jsonl', text: JSON.stringify(row) }] // prettier-ignore
  t.throws(() => readDocuments(mixed), { message: /two kinds/ })
})
