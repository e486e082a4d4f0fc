// What the window may ask for: one handler for each channel of preload.cjs. The page is not trusted: what it sends is checked here.
const CHANGES = 'session:change'
const MOST_CHARACTERS = 20_000_000
const LONGEST_NAME = 200
const LONGEST_PROMPT = 4000
const MINUTES = [0.25, 1, 3, 10, 30]
const ENDINGS = /\.(txt|md|jsonl|ndjson|csv)$/i

/** Thrown for what our own page never sends. */
class BadRequest extends Error {}

/**
 * @param {{ ipcMain: Electron.IpcMain, isOurs: (event: Electron.IpcMainInvokeEvent) => boolean }} electron
 * @param {import('./session.mjs').Session} session
 * @param {{ chooseFolder: () => Promise<string | null>, chooseFile: () => Promise<string | null> }} dialogs
 */
export function handleRequests({ ipcMain, isOurs }, session, dialogs) {
  const handlers = {
    'session:state': () => session.snapshot,
    'text:use': (given) => useText(session, given),
    'base:choose': () => chooseBase(session, dialogs),
    'base:default': () => session.useBase(),
    'training:start': (given) => session.train({ minutes: oneOf('minutes', given?.minutes, MINUTES) }),
    'training:stop': () => session.stopTraining(),
    'writing:start': (given) => session.write({ prompt: textOf('prompt', given?.prompt, LONGEST_PROMPT) }),
    'writing:stop': () => session.stopWriting(),
    'adapter:export': () => exportAdapter(session, dialogs),
    'trainer:restart': () => session.restart(),
  }
  for (const [channel, handler] of Object.entries(handlers)) {
    ipcMain.handle(channel, async (event, given) => {
      if (!isOurs(event)) throw new BadRequest(`${channel}: only the page of this app may ask`)
      return handler(given)
    })
  }
}

/** Sends changes of the session to a window, as long as it has one. */
export function publishTo(windowOf) {
  return (change) => {
    const window = windowOf()
    if (window && !window.isDestroyed()) window.webContents.send(CHANGES, change)
  }
}

async function useText(session, given) {
  const documents = given?.documents
  if (!Array.isArray(documents) || documents.length === 0 || documents.length > 1000) {
    throw new BadRequest('documents must be 1 to 1000 of { name, text }')
  }
  const checked = documents.map((each) => ({
    name: textOf('name', each?.name, LONGEST_NAME),
    text: textOf('text', each?.text, Infinity),
  }))
  const problem = problemOf(checked)
  if (problem) return session.tell({ about: 'text', ...problem })
  await session.useText(checked)
}

/** What users may well drop, and what the trainer need not see. */
function problemOf(documents) {
  const other = documents.find(({ name }) => name.includes('.') && !ENDINGS.test(name))
  if (other) {
    return {
      what: `${other.name} is not a text file`,
      why: '',
      fix: 'Save it as plain text (.txt) first; .jsonl and .csv are read, too.',
    }
  }
  const characters = documents.reduce((sum, { text }) => sum + text.length, 0)
  if (characters <= MOST_CHARACTERS) return null
  return {
    what: 'This is more text than the app takes',
    why: `${Math.round(characters / 1e6)} million characters, at most ${MOST_CHARACTERS / 1e6} million`,
    fix: 'Take a part of it: some hundred pages teach as much in a few minutes.',
  }
}

async function chooseBase(session, { chooseFolder }) {
  const folder = await chooseFolder()
  if (folder !== null) await session.useBase(folder)
}

async function exportAdapter(session, { chooseFile }) {
  const path = await chooseFile()
  if (path !== null) await session.export(/\.safetensors$/i.test(path) ? path : `${path}.safetensors`)
}

function textOf(name, value, longest) {
  if (typeof value === 'string' && value.length <= longest) return value
  throw new BadRequest(`${name} must be a text of at most ${longest} characters`)
}

function oneOf(name, value, allowed) {
  if (allowed.includes(value)) return value
  throw new BadRequest(`${name} must be one of ${allowed.join(', ')}`)
}
