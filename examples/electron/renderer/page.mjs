// The page: what the user does goes to the main process, what changes there is drawn.
import { NoText, readFiles } from './files.mjs'
import { $, changeText, draw } from './view.mjs'

const { studio } = window
let state = null
/** Of the changes that the state has. Those that were told before it had come wait. */
let revision = -1
const early = []
let isDue = false

studio.onChange((change) => (state === null ? early.push(change) : apply(change)))
const snapshot = await studio.state()
state = snapshot.state
revision = snapshot.revision
early.splice(0).forEach(apply)
if (state.text) $('prompt').value = state.writing?.prompt ?? state.text.begins
redraw()

function apply({ revision: its, set, steps, piece }) {
  if (its <= revision) return
  revision = its
  if (set) {
    if (set.text && set.text.begins !== state.text?.begins) $('prompt').value = set.text.begins
    if (set.text) changeText(false)
    Object.assign(state, set)
  }
  if (steps) {
    const { points, ...rest } = steps
    state.run.points.push(...points)
    Object.assign(state.run, rest)
  }
  if (piece) state.writing[piece.side] += piece.text
  redraw()
}

/** At most once for each picture that the screen shows. */
function redraw() {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    draw(state)
  })
}

async function take(files) {
  if (files.length === 0) return
  try {
    await studio.useText(await readFiles(files))
  } catch (error) {
    if (!(error instanceof NoText)) throw error
    state.problem = { about: 'text', what: 'This cannot be used', why: '', fix: error.message }
    redraw()
  }
}

$('files').addEventListener('change', async ({ target }) => {
  await take(target.files)
  // The same file may be chosen again after it was mended.
  target.value = ''
})
// Anywhere in the window: a file that misses the field would otherwise be opened in its place.
addEventListener('dragover', (event) => {
  event.preventDefault()
  $('drop').classList.add('is-over')
})
addEventListener('dragleave', ({ relatedTarget }) => {
  if (relatedTarget === null) $('drop').classList.remove('is-over')
})
addEventListener('drop', (event) => {
  event.preventDefault()
  $('drop').classList.remove('is-over')
  if (!$('files').disabled) void take(event.dataTransfer.files)
})
$('pasted').addEventListener('input', redraw)
$('text-use').addEventListener('click', () => studio.useText([{ name: 'pasted text', text: $('pasted').value }]))
$('text-change').addEventListener('click', () => {
  changeText(true)
  redraw()
})
$('base-choose').addEventListener('click', () => studio.chooseBase())
$('base-default').addEventListener('click', () => studio.useDefaultBase())
$('train').addEventListener('click', () =>
  studio.train(Number(document.querySelector('[name="minutes"]:checked').value)),
)
$('stop').addEventListener('click', () => studio.stopTraining())
$('write-form').addEventListener('submit', (event) => {
  event.preventDefault()
  if (!$('write').disabled) void studio.write($('prompt').value)
})
$('quiet').addEventListener('click', () => studio.stopWriting())
$('export').addEventListener('click', () => studio.exportAdapter())
