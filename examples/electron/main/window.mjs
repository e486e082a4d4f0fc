// The window: a sandboxed page that cannot open others, go elsewhere, or be granted anything.
import { fileURLToPath } from 'node:url'
import { PAGE } from './page.mjs'

const PRELOAD = fileURLToPath(new URL('../preload.cjs', import.meta.url))

/** @param {typeof import('electron')} electron */
export function openWindow({ BrowserWindow }) {
  const window = new BrowserWindow({
    width: 1180,
    height: 900,
    minWidth: 380,
    minHeight: 480,
    title: 'Own Words',
    show: false,
    webPreferences: {
      preload: PRELOAD,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      spellcheck: false,
    },
  })
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  // What it showed is in the main process: a page that crashed begins again where it was.
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit' && !window.isDestroyed()) void window.loadURL(PAGE)
  })
  window.once('ready-to-show', () => window.show())
  void window.loadURL(PAGE)
  return window
}

/** Whether a message comes from the page itself and not from a frame in it, or from another page. */
export function isFromPage(event) {
  return event.senderFrame?.url === PAGE
}
