// The page's files over a scheme of its own: unlike file:, it has an origin, and a policy can be sent with each answer.
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const SCHEME = 'app'
export const PAGE = `${SCHEME}://page/index.html`

const FOLDER = fileURLToPath(new URL('../renderer', import.meta.url))
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}
/** The page's own files and nothing else: no network, no inline code, no frames. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * Answers a request of the page.
 * @param {{ url: string }} request
 * @returns {Promise<Response>}
 */
export async function answer({ url }) {
  const { host, pathname } = new URL(url)
  // One folder without folders in it: a name that is more than a name leads out of it.
  const name = /^\/([\w-]+\.\w+)$/.exec(pathname)?.[1]
  const type = TYPES[extname(name ?? '')]
  if (host !== 'page' || type === undefined) return new Response('', { status: 404 })
  try {
    const body = await readFile(join(FOLDER, name))
    const headers = { 'content-type': type, 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' }
    return new Response(body, { headers })
  } catch (error) {
    if (error.code === 'ENOENT') return new Response('', { status: 404 })
    throw error
  }
}
