// The app's main process and its trainer, through everything that happens to them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lora from 'loralib'
import { inRoot } from '../../lib/run.mjs'
import { hasEnded, hasWritten, isReady, openApp, sampleRows, sampleText } from './world.mjs'

const PROMPT = 'In the morning'
/** From here on the difference is plain. */
const ENOUGH_STEPS = 40
const use = (app, name, text) => app.invoke('text:use', { documents: [{ name, text }] })

export async function prove(check, { short }) {
  const changes = []
  const app = await openApp({ onChange: (_, change) => changes.push(change) })
  try {
    await app.until(isReady)
    await badInput(check, app)
    await training(check, app, changes, short)
    await stopping(check, app)
    await crash(check, app)
    await otherBase(check, app)
    await fullDisk(check, app)
    await crashes(check, app)
  } finally {
    app.close()
  }
  return null
}

async function badInput(check, app) {
  const problems = [
    ['an empty text', () => use(app, 'pasted text', ' \n '), 'text', /no text/],
    ['a text that is too short', () => use(app, 'a.txt', 'Dear Ann,'), 'text', /too short/],
    [
      'a line that is not JSON',
      () => use(app, 'a.jsonl', '{"text": "a"}\n{"tex'),
      'text',
      /a\.jsonl, line 2 is not JSON/,
    ],
    ['a table without text', () => use(app, 'a.csv', 'name,age\nAnn,3\n'), 'text', /a\.csv, row 1 has no text/],
    ['too few rows', () => use(app, 'a.csv', 'prompt;completion\na;b\n'), 'text', /too few/],
    ['a picture', () => use(app, 'cat.png', 'PNG'), 'text', /cat\.png is not a text file/],
    ['a folder without a model', () => chooseFolder(app, inRoot('docs')), 'base', /holds no model/],
    ['a folder with half a model', () => chooseFolder(app, halfAModel(app)), 'base', /cannot be read/],
    ['a model of another kind', () => chooseFolder(app, otherModel(app)), 'base', /cannot do this|damaged/],
  ]
  for (const [name, act, about, what] of problems) {
    await act()
    const { problem, text, base } = await app.state()
    const isTold = problem?.about === about && what.test(problem.what) && problem.fix !== ''
    check(`${name}: ${problem?.what}. ${problem?.why}`, isTold && text === null && base.isDefault)
  }
}

async function chooseFolder(app, folder) {
  app.answers.folder = folder
  await app.invoke('base:choose')
}

function halfAModel({ userData }) {
  const folder = join(userData, 'half')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ model_type: 'gpt2', n_layer: 1, n_embd: 8, n_head: 2, vocab_size: 300 }),
  )
  return folder
}

function otherModel({ userData }) {
  const folder = join(userData, 'other')
  mkdirSync(folder)
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ model_type: 'whisper' }))
  return folder
}

async function training(check, app, changes, short) {
  const text = sampleText()
  await use(app, 'restaurants.txt', text)
  check('the text is taken', (await app.state()).text.words > 1000)
  await app.invoke('training:start', { minutes: 1 })
  const { seen } = app
  await app.until(({ run }) => run.step > 2)
  check(
    'while it trains the system is kept awake, and the task bar shows how far it is',
    seen.blockers.size === 1 && seen.windows[0].progress >= 0,
  )
  seen.windows[0].emit('close', { preventDefault: () => (seen.wasKept = true) })
  check('closing the window is asked about', seen.wasKept === true)
  await app.invoke('writing:start', { prompt: PROMPT })
  const during = (await app.until(hasWritten)).writing
  check(
    'it writes while it trains',
    during.base.length > 20 && during.adapted.length > 20 && (await app.state()).run.state === 'training',
  )
  // By steps and not by the clock: a busy machine takes few in a short time.
  if (short) await app.until(({ run }) => (run.step >= ENOUGH_STEPS && run.heldBack.length > 1) || hasEnded({ run }))
  if (short) await app.invoke('training:stop')
  const { run } = await app.until(hasEnded)
  const steps = run.points.map(([step]) => step)
  check(
    `${run.step} steps, each told once and in order`,
    run.state === (short ? 'stopped' : 'done') && steps.every((step, i) => step === i + 1) && steps.length === run.step,
  )
  const left = changes.flatMap(({ steps: told }) => told?.secondsLeft ?? [])
  check(
    `time left falls from ${left[0]?.toFixed(0)} s to ${left.at(-1)?.toFixed(0)} s`,
    left[0] > left.at(-1) && (short || left.at(-1) < 2),
  )
  const [first, last] = [run.heldBack[0][1], run.heldBack.at(-1)[1]]
  check(`loss on the part that is held back: ${first.toFixed(2)} to ${last.toFixed(2)}`, last < first - 1, 'a nat less')
  check('afterwards the system may sleep', seen.blockers.size === 0 && seen.windows[0].progress === -1)
  await compare(check, app, text)
  await exporting(check, app)
}

/** The words of each side that the user's text has: what the adapter is for. */
async function compare(check, app, text) {
  const own = new Set(words(text))
  const share = { base: [], adapted: [] }
  for (let i = 0; i < 4; i++) {
    await app.invoke('writing:start', { prompt: PROMPT })
    const { writing } = await app.until(hasWritten)
    for (const side of ['base', 'adapted']) share[side].push(...words(writing[side]).map((word) => own.has(word)))
  }
  const percent = (list) => Math.round((100 * list.filter(Boolean).length) / list.length)
  const [before, after] = [percent(share.base), percent(share.adapted)]
  check(
    `of the words that it writes, the user's text has ${before} % before and ${after} % after`,
    after > before + 15,
    '15 % more',
  )
}

const words = (text) => text.toLowerCase().match(/\p{L}{4,}/gu) ?? []

async function exporting(check, app) {
  app.answers.file = join(app.userData, 'mine')
  await app.invoke('adapter:export')
  const { exported } = await app.state()
  check(
    `exported ${exported?.bytes} bytes, the ending added`,
    exported?.path === `${app.answers.file}.safetensors` && statSync(exported.path).size === exported.bytes,
  )
  const model = await lora.models.AutoModelForCausalLM.fromPretrained(inRoot('models/base'))
  const layers = await lora.loadAdapter(model, exported.path)
  check(`another program loads it: ${layers.length} layers`, layers.length > 20)
  app.answers.file = join(app.userData, 'no such folder', 'mine.safetensors')
  await app.invoke('adapter:export')
  const { problem } = await app.state()
  check(
    `exported to nowhere: ${problem?.what}. ${problem?.why}`,
    problem?.about === 'export' && /cannot be written/.test(problem.what),
  )
  app.answers.file = null
  await app.invoke('adapter:export')
  check('a dialog that is left without a choice changes nothing', (await app.state()).exported?.path === exported.path)
}

async function stopping(check, app) {
  await use(
    app,
    'rows.jsonl',
    sampleRows(200)
      .map((row) => JSON.stringify(row))
      .join('\n'),
  )
  check('rows with prompts and completions are taken', (await app.state()).text.kind === 'rows')
  await app.invoke('training:start', { minutes: 30 })
  await app.until(({ run }) => run.step > 3)
  await use(app, 'other.txt', sampleText(50))
  const { problem } = await app.state()
  check(`another text while it trains: ${problem?.what}`, problem?.about === 'text')
  const before = performance.now()
  await app.invoke('training:stop')
  const { run, adapter } = await app.until(hasEnded)
  const ms = Math.round(performance.now() - before)
  check(
    `stopped at step ${run.step}, after ${ms} ms; what it had learnt is kept`,
    run.state === 'stopped' && adapter?.steps === run.step,
  )
  check('in good time', ms < 3000, 'below 3 s', { timed: true })
}

async function crash(check, app) {
  await app.invoke('training:start', { minutes: 30 })
  const { run: saved } = await app.until(({ run }) => run.savedStep > 0)
  const before = app.seen.children.length
  app.seen.children.at(-1).kill('SIGKILL')
  const { run, problem } = await app.until(hasEnded)
  check(
    `killed while it trains: ${problem?.what}. ${problem?.fix}`,
    run.state === 'failed' && problem?.about === 'training',
  )
  const { adapter, text } = await app.until(isReady)
  check(
    `started again, with what it had saved at step ${adapter?.steps}`,
    app.seen.children.length === before + 1 && adapter?.steps >= saved.savedStep && text.kind === 'rows',
  )
  await app.invoke('writing:start', { prompt: 'name : The Eagle | food : French' })
  const { writing } = await app.until(hasWritten)
  check(
    `it writes with it: ${JSON.stringify(writing.adapted.slice(0, 50))}`,
    writing.adapted !== '' && writing.adapted !== writing.base,
  )
  await app.invoke('training:start', { minutes: 0.25 })
  check('and trains again', (await app.until(hasEnded)).run.state === 'done')
}

/** A folder that the user picks, with a model of another family. */
async function otherBase(check, app) {
  const folder = join(app.userData, 'llama')
  const shape = {
    hidden_size: 32,
    intermediate_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
  }
  const ends = { vocab_size: 4096, max_position_embeddings: 128, bos_token_id: 0, eos_token_id: 0 }
  await lora.models.LlamaForCausalLM.fromConfig({ ...shape, ...ends }).savePretrained(folder)
  await lora.tokenizers.Tokenizer.fromFolder(inRoot('models/base')).saveFolder(folder)
  await chooseFolder(app, folder)
  const { base, text, adapter } = await app.until(isReady)
  check(
    `another base: ${base.family}, ${base.parameters} parameters; the text is read again`,
    base.family === 'llama' && text.kind === 'rows' && adapter === null,
  )
  await app.invoke('training:start', { minutes: 10 })
  await app.until(({ run }) => run.step > 9)
  await app.invoke('training:stop')
  const { run } = await app.until(hasEnded)
  await app.invoke('writing:start', { prompt: '' })
  const { writing } = await app.until(hasWritten)
  check(`it trains it (${run.step} steps), and writes from nothing`, run.state === 'stopped' && writing.adapted !== '')
  await app.invoke('base:default')
  check('back to the built-in one', (await app.until(isReady)).base.isDefault)
  await app.invoke('training:start', { minutes: 0.25 })
  await app.until(hasEnded)
}

/** Small disks: one that is full when something is exported to it, and one that fills up while it trains. */
async function fullDisk(check, app) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-full-'))
  if (!mounts(folder)) {
    rmSync(folder, { recursive: true })
    return console.log('not run  a full disk: this process may not mount a small one')
  }
  let other = null
  try {
    const junk = join(folder, 'junk')
    writeFileSync(junk, Buffer.alloc(50e6))
    app.answers.file = join(folder, 'mine.safetensors')
    await app.invoke('adapter:export')
    const { problem } = await app.state()
    check(`a full disk: ${told(problem)}`, /not enough room/.test(problem?.what) && !existsSync(app.answers.file))

    rmSync(junk)
    mkdirSync(join(folder, 'data'))
    other = await openApp({ userData: join(folder, 'data') })
    await other.until(isReady)
    await use(other, 'a.txt', sampleText(100))
    await other.invoke('training:start', { minutes: 10 })
    await other.until(({ run }) => run.step > 0)
    writeFileSync(junk, Buffer.alloc(66e6))
    const during = await other.until((state) => state.problem !== null)
    check(`a disk that fills up while it trains: ${told(during.problem)}`, /not enough room/.test(during.problem.what))
    await other.invoke('training:stop')
    const { adapter, run } = await other.until(hasEnded)
    check(
      `the training goes on, ${run.step} steps, and what it has learnt is there`,
      run.state === 'stopped' && adapter?.steps === run.step,
    )
    other.answers.file = join(app.userData, 'saved-elsewhere.safetensors')
    await other.invoke('adapter:export')
    check('and can be exported to another disk', (await other.state()).exported?.bytes > 1e6)
  } finally {
    other?.close()
    execFileSync('umount', ['--lazy', folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

const told = ({ what, why, fix }) => `${what}. ${why}. ${fix}`

function mounts(folder) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=70m', 'tmpfs', folder], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

async function crashes(check, app) {
  for (let i = 0; i < 3; i++) {
    const child = app.seen.children.at(-1)
    child.kill('SIGKILL')
    const isLost = () => app.seen.children.at(-1) !== child
    await app.until((state) => state.trainer === 'gone' || (isLost() && isReady(state)))
    if ((await app.state()).trainer === 'gone') break
  }
  const { trainer, problem } = await app.state()
  check(
    `killed again and again: ${problem?.what}. ${problem?.fix}`,
    trainer === 'gone' && /times within a minute/.test(problem?.what),
  )
  await app.invoke('trainer:restart')
  const { adapter } = await app.until(isReady)
  check('the user starts it once more, and the adapter is still there', adapter !== null)
}
