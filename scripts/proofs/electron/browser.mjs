// The window of the stand-in as a page in Chromium: the app's own page handler answers it, and its own preload script runs before it, over a small bridge.
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import { answer } from '../../../examples/electron/main/page.mjs'

const PRELOAD = new URL('../../../examples/electron/preload.cjs', import.meta.url)
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Chromium on this machine, or null. */
export function findChromium() {
  return [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path)) ?? null
}

export const HOW_TO_GET = 'no Chromium: apt-get install chromium, or set CHROMIUM to its path'

/**
 * Opens the app's page.
 * @param {string} executable
 * @param {{ invoke: (channel: string, given: unknown) => Promise<unknown> }} main the main process's end
 * @param {object} look what Playwright takes for a context: `colorScheme`, `viewport`
 */
export async function openPage(executable, main, look = {}) {
  const server = createServer((request, response) => void serve(request, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] })
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, deviceScaleFactor: 2, ...look })
  const page = await context.newPage()
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  await page.exposeFunction('bridgeInvoke', (channel, given) => main.invoke(channel, given))
  await page.addInitScript(`(${bridge})((require) => {${readFileSync(PRELOAD, 'utf8')}\n})`)
  await page.goto(`http://127.0.0.1:${server.address().port}/index.html`)
  return {
    page,
    faults,
    /** The page's end of `webContents.send`. While the page loads nobody listens, as in Electron. */
    send: (channel, change) =>
      page.evaluate(([name, value]) => window.bridgeHear?.(name, value), [channel, change]).catch(() => {}),
    close: async () => {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Runs in the page before its own scripts: the preload script, with a stand-in for the renderer's half of `electron`. */
function bridge(preload) {
  const listeners = new Map()
  window.bridgeHear = (channel, change) => listeners.get(channel)?.forEach((listener) => listener({}, change))
  const electron = {
    contextBridge: {
      exposeInMainWorld: (name, api) => Object.defineProperty(window, name, { value: Object.freeze(api) }),
    },
    ipcRenderer: {
      invoke: (channel, given) => window.bridgeInvoke(channel, given),
      on: (channel, listener) => void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
    },
  }
  preload((name) => {
    if (name === 'electron') return electron
    throw new Error(`a sandboxed preload script cannot load ${name}`)
  })
}

async function serve(request, response) {
  const { status, headers, body } = await answer({ url: `app://page${request.url}` }).then(async (answered) => ({
    status: answered.status,
    headers: Object.fromEntries(answered.headers),
    body: Buffer.from(await answered.arrayBuffer()),
  }))
  response.writeHead(status, headers).end(body)
}
