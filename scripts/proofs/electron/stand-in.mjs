// A small stand-in for the `electron` module: what the example app uses of it, over Node. Messages are copied as Electron copies them.
import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'

const PARENT_PORT = new URL('parent-port.mjs', import.meta.url).href

/**
 * @param {{
 *   appPath: string, userData: string, isPackaged?: boolean, env?: Record<string, string>, quiet?: boolean,
 *   onChange?: (channel: string, change: unknown) => void,
 * }} options `onChange` is the page's end of `webContents.send`; `quiet` drops what the trainer writes to stderr
 */
export function makeElectron({ appPath, userData, isPackaged = false, env = {}, quiet = false, onChange = () => {} }) {
  const seen = {
    windows: [],
    children: [],
    schemes: [],
    protocols: new Map(),
    handlers: new Map(),
    blockers: new Set(),
    quits: 0,
  }
  /** What the dialogs answer next. */
  const answers = { folder: null, file: null, close: 0 }

  const app = Object.assign(new EventEmitter(), {
    isPackaged,
    requestSingleInstanceLock: () => true,
    whenReady: () => Promise.resolve(),
    getAppPath: () => appPath,
    getPath: (name) => (name === 'userData' ? userData : join(userData, name)),
    quit: () => void (seen.quits += 1),
  })

  class BrowserWindow extends EventEmitter {
    progress = -1
    webContents = Object.assign(new EventEmitter(), {
      send: (channel, message) => onChange(channel, structuredClone(message)),
      setWindowOpenHandler: (handler) => void (this.openHandler = handler),
    })
    constructor(options) {
      super()
      this.options = options
      seen.windows.push(this)
    }
    loadURL(url) {
      this.url = url
      return Promise.resolve()
    }
    isDestroyed = () => false
    show = () => void (this.isShown = true)
    focus = () => void (this.isFocused = true)
    setProgressBar = (share) => void (this.progress = share)
  }

  let blockers = 0
  const electron = {
    app,
    BrowserWindow,
    dialog: {
      showOpenDialog: async () => ({ canceled: answers.folder === null, filePaths: [answers.folder] }),
      showSaveDialog: async () => ({ canceled: answers.file === null, filePath: answers.file ?? '' }),
      showMessageBoxSync: () => answers.close,
    },
    ipcMain: { handle: (channel, handler) => void seen.handlers.set(channel, handler) },
    powerSaveBlocker: {
      start: () => (seen.blockers.add(++blockers), blockers),
      stop: (id) => void seen.blockers.delete(id),
    },
    protocol: {
      registerSchemesAsPrivileged: (schemes) => void seen.schemes.push(...schemes),
      handle: (scheme, handler) => void seen.protocols.set(scheme, handler),
    },
    session: { defaultSession: { setPermissionRequestHandler: (handler) => void (seen.permissionHandler = handler) } },
    utilityProcess: {
      fork: (file, args) => {
        const child = fork(file, args, {
          execArgv: ['--import', PARENT_PORT],
          serialization: 'advanced',
          env: { ...process.env, ...env },
          stdio: ['ignore', 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'],
        })
        // Electron's name for sending, and its exit codes: it knows no signals.
        child.postMessage = (message) => child.connected && child.send(message)
        const { emit } = child
        child.emit = (name, ...values) => emit.call(child, name, ...(name === 'exit' ? [values[0] ?? 1] : values))
        seen.children.push(child)
        return child
      },
    },
  }

  /** Asks as the page does: a copy goes there, a copy comes back. `url` is the page that asks. */
  async function invoke(channel, given, url = seen.windows.at(-1)?.url) {
    const handler = seen.handlers.get(channel)
    if (!handler) throw new Error(`No handler registered for '${channel}'`)
    return structuredClone(await handler({ senderFrame: { url } }, structuredClone(given)))
  }

  return { electron, seen, answers, invoke }
}
