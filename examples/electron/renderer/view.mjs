// The state as it looks. Everything is drawn from the state, so a page that was reloaded looks as before.
import { drawCurve, lastLoss } from './curve.mjs'
import { count, counted, duration, large, megabytes } from './words.mjs'

export const $ = (id) => document.getElementById(id)
const show = (id, isShown) => ($(id).hidden = !isShown)
const say = (id, text) => {
  if ($(id).textContent !== text) $(id).textContent = text
}

/** Whether the user wants to replace a text that was taken. */
let isChanging = false

export function changeText(value) {
  isChanging = value
}

/** @param {object} state as main/session.mjs has it */
export function draw(state) {
  drawBase(state)
  drawText(state)
  drawTraining(state)
  drawWriting(state)
  drawProblem(state)
  say('status', inWords(state))
}

export function isTraining({ run }) {
  return run?.state === 'training' || run?.state === 'stopping'
}

function drawBase(state) {
  const { base, isOpening, trainer } = state
  const name = base === null ? 'No model' : base.isDefault ? 'Built-in model' : base.name
  say('base-name', isOpening ? 'Opening…' : name)
  say(
    'base-facts',
    base === null ? '' : `${base.family}, ${large(base.parameters)} parameters, reads ${count(base.reads)} tokens`,
  )
  const isBusy = isOpening || isTraining(state) || trainer !== 'ready'
  $('base-choose').disabled = isBusy
  $('base-default').disabled = isBusy
  show('base-default', base !== null && !base.isDefault)
}

function drawText(state) {
  const { text, isReading } = state
  const isBusy = isReading || isTraining(state) || state.trainer !== 'ready'
  show('text-given', text !== null && !isChanging)
  show('text-form', text === null || isChanging)
  $('files').disabled = isBusy
  $('drop').classList.toggle('is-busy', isBusy)
  $('pasted').disabled = isBusy
  $('text-use').disabled = isBusy || $('pasted').value.trim() === ''
  $('text-change').disabled = isBusy
  say('pasted-count', isReading ? 'Reading…' : counted($('pasted').value.match(/\S+/g)?.length ?? 0, 'word'))
  if (text === null) return
  const items =
    text.kind === 'rows'
      ? `${counted(text.items, 'prompt')} with ${text.items === 1 ? 'its completion' : 'their completions'}`
      : counted(text.words, 'word')
  const held = text.isMeasured ? ' A part is held back to see whether it learns more than your words by heart.' : ''
  say('text-name', text.name)
  say('text-excerpt', text.excerpt)
  say('text-facts', `${items}, ${count(text.tokens)} tokens.${held}`)
}

function drawTraining(state) {
  const { run, text, trainer } = state
  const isRunning = isTraining(state)
  show('train', !isRunning)
  show('stop', isRunning)
  $('minutes').disabled = isRunning
  $('train').disabled = text === null || state.isReading || state.isOpening || trainer !== 'ready'
  say('train', run === null ? 'Train' : 'Train again')
  $('stop').disabled = run?.state === 'stopping'
  say('stop', run?.state === 'stopping' ? 'Stopping…' : 'Stop')
  show('run', run !== null)
  show('train-hint', run === null)
  show('train-about', run === null)
  say(
    'train-hint',
    text === null ? 'Give it a text first.' : 'A minute is enough to see a difference; longer texts take longer.',
  )
  if (run === null) return
  $('progress').value = run.share
  say('steps', count(run.step))
  say('left', isRunning ? duration(run.secondsLeft) : '–')
  say('speed', run.tokensPerSecond === null ? '–' : `${count(run.tokensPerSecond)} tokens/s`)
  say('loss', lastLoss(run.points)?.toFixed(2) ?? '–')
  show('held-key', run.heldBack.length > 0)
  drawCurve($('curve'), run)
  say('run-note', noteOf(run))
}

const ENDS = {
  done: 'Done.',
  stopped: 'Stopped: what it had learnt is kept.',
  failed: 'It did not come to its end.',
}

function noteOf(run) {
  if (run.state === 'stopped' && run.step === 0) return 'Stopped before it had learnt anything.'
  const [first, ...later] = run.heldBack.map(([, loss]) => loss)
  const best = Math.min(first, ...later)
  const last = later.at(-1)
  const end = ENDS[run.state] ?? ''
  if (last === undefined) return end
  if (last < first && last < 1.15 * best)
    return `${end} It also finds the part that it never read less surprising: ${first.toFixed(1)} before, ${last.toFixed(1)} now.`.trim()
  return `${end} It learns your text by heart rather than its style: more text, or less time, would help.`.trim()
}

function drawWriting(state) {
  const { writing, adapter, exported } = state
  const canWrite = adapter !== null && state.trainer === 'ready'
  const isRunning = writing?.isRunning ?? false
  $('write').disabled = !canWrite
  show('write', !isRunning)
  show('quiet', isRunning)
  show('write-hint', writing === null)
  drawSide('text-base', writing, 'base')
  drawSide('text-adapted', writing, 'adapted')
  $('export').disabled = !canWrite || (adapter?.steps === 0 && (state.run?.step ?? 0) === 0)
  if (writing?.isCut) say('export-note', 'The beginning was longer than the model reads: it has used the end of it.')
  else if (exported) say('export-note', `Exported: ${exported.path}, ${megabytes(exported.bytes)}.`)
  else
    say(
      'export-note',
      'The adapter is a file of a few megabytes beside the model. Any program that uses loralib can load it.',
    )
}

function drawSide(id, writing, side) {
  const node = $(id)
  node.classList.toggle('is-empty', writing === null)
  node.classList.toggle('is-running', writing?.isRunning ?? false)
  node.setAttribute('aria-busy', String(writing?.isRunning ?? false))
  if (writing === null) return void (node.textContent = 'Nothing yet.')
  const beginning = document.createElement('b')
  beginning.textContent = writing.prompt
  node.replaceChildren(beginning, writing[side])
}

function drawProblem({ problem, trainer }) {
  for (const place of document.querySelectorAll('[data-problem]')) {
    const isHere = problem !== null && place.dataset.problem.split(' ').includes(problem.about)
    const text = isHere ? `${problem.what}. ${problem.why}. ${problem.fix}` : ''
    // A live region that is written again is read out again.
    if (place.dataset.shown === text + trainer) continue
    place.dataset.shown = text + trainer
    place.replaceChildren(...(isHere ? [problemBox(problem, trainer)] : []))
  }
}

function problemBox({ about, what, why, fix }, trainer) {
  const box = document.createElement('div')
  box.className = 'problem'
  box.setAttribute('role', 'alert')
  const line = (name, text) => Object.assign(document.createElement(name), { textContent: text })
  box.append(line('strong', what), ...(why ? [line('span', `Why: ${why}.`)] : []), line('span', fix))
  if (trainer !== 'gone' || about === 'text') return box
  const button = Object.assign(line('button', 'Start the trainer again'), { type: 'button', className: 'secondary' })
  button.addEventListener('click', () => window.studio.restartTrainer())
  box.append(button)
  return box
}

/** What a screen reader is told: when something begins and ends, and every tenth in between. */
function inWords({ run, writing, isOpening }) {
  if (isOpening) return 'Opening the model'
  if (writing?.isRunning) return 'Writing'
  if (run?.state === 'training') return `Training, ${10 * Math.floor(10 * run.share)} percent done`
  if (run?.state === 'done') return 'Training is done'
  if (run?.state === 'stopped') return 'Training was stopped'
  return ''
}
