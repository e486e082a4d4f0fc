// A small HTTP frame over node:http: routes, bodies with a limit, streamed answers, and errors as JSON with a code.
import { createServer } from 'node:http'
import { LoraError } from 'loralib'

/** Why a request is refused: an HTTP status, a code for programs, a sentence for people. */
export class Refusal extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message)
    Object.assign(this, { status, code })
  }
}

// Errors of the library are the client's (a shape, an option, a damaged file), but for these.
const STATUS = {
  ERR_LORA_MEMORY: 503,
  ERR_LORA_BACKLOG: 503,
  ERR_LORA_ABORTED: 409,
  ERR_LORA_FILE: 500,
  ERR_LORA_INTERNAL: 500,
}

/**
 * Serves routes on this machine.
 *
 * @typedef {{ params: Record<string, string>, bytes: Buffer, json: () => Record<string, unknown>, signal: AbortSignal }} Request
 * The signal is aborted when the client leaves. What a handler returns is the answer: bytes as they are, an async iterable as lines of JSON,
 * written as they come, anything else as JSON.
 *
 * @param {number} port 0 for any that is free
 * @param {Record<string, (request: Request) => unknown>} routes by method and path: `'GET /things/:name'`
 * @returns {Promise<import('node:http').Server>} when it listens
 */
export async function serve(port, routes, { mostBytes = 4e6 } = {}) {
  const table = Object.entries(routes).map(([route, handler]) => {
    const [method, path] = route.split(' ')
    return { method, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), handler }
  })
  const server = createServer((request, response) => void answer(table, request, response, mostBytes))
  // Bytes that are no HTTP at all.
  server.on('clientError', (_, socket) => socket.writable && socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
  return server
}

/** An error as a client may see it. */
export function asJson(error) {
  if (error instanceof Refusal || error instanceof LoraError) return { code: error.code, message: error.message }
  return { code: 'INTERNAL', message: 'the server failed' }
}

async function answer(table, request, response, mostBytes) {
  const client = new AbortController()
  response.on('close', () => client.abort(new Error('the client left')))
  try {
    const { handler, params } = find(table, request)
    const bytes = await readBody(request, mostBytes)
    await send(response, await handler({ params, bytes, json: () => parse(bytes), signal: client.signal }))
  } catch (error) {
    if (client.signal.aborted) return
    if (!(error instanceof Refusal || error instanceof LoraError)) console.error(error)
    if (response.headersSent) return void response.end(`${JSON.stringify({ error: asJson(error) })}\n`)
    const status = error.status ?? (error instanceof LoraError ? (STATUS[error.code] ?? 400) : 500)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify({ error: asJson(error) })}\n`)
  }
}

function find(table, { method, url }) {
  const { pathname } = new URL(url, 'http://server')
  const here = table.filter(({ pattern }) => pattern.test(pathname))
  const found = here.find((route) => route.method === method)
  if (found) return { ...found, params: { ...found.pattern.exec(pathname).groups } }
  if (here.length === 0) throw new Refusal(404, 'NO_SUCH_ROUTE', `there is no ${pathname}`)
  throw new Refusal(405, 'NO_SUCH_METHOD', `${pathname} takes ${here.map((route) => route.method).join(', ')}`)
}

async function readBody(request, most) {
  const parts = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length <= most) parts.push(part)
    // A client that still writes would not read the refusal: what is a little too long is heard to its end.
    else if (length > 8 * most) request.destroy()
  }
  if (length > most) throw new Refusal(413, 'TOO_LONG', `a body has at most ${most} bytes`)
  return Buffer.concat(parts)
}

function parse(bytes) {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // The answer is the same: what came is no JSON object.
  }
  throw new Refusal(400, 'BAD_JSON', 'the body is no JSON object in UTF-8')
}

async function send(response, value) {
  if (Buffer.isBuffer(value)) return void response.end(value)
  if (typeof value?.[Symbol.asyncIterator] !== 'function') {
    response.setHeader('content-type', 'application/json')
    return void response.end(`${JSON.stringify(value ?? {})}\n`)
  }
  const lines = value[Symbol.asyncIterator]()
  try {
    // What goes wrong before the first line still gets a status of its own.
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      if (!response.write(`${JSON.stringify(line.value)}\n`)) await drained(response)
      if (response.destroyed) return
    }
    response.end()
  } finally {
    await lines.return?.()
  }
}

function drained(response) {
  return new Promise((resolve) => {
    response.once('drain', resolve).once('close', resolve)
  })
}
