// Bad input of fourteen kinds, with the status and the code of the response that each must get.
import { once } from 'node:events'
import { connect } from 'node:net'

const text = (length) => 'x '.repeat(length / 2)

/** @type {Record<string, (client: import('./client.mjs').Client, random: import('./random.mjs').Random) => [string, unknown, number, string]>} */
const REQUESTS = {
  'no JSON': () => ['POST /complete', Buffer.from('{"prompt": "x"'), 400, 'BAD_JSON'],
  'random bytes': (random) => ['POST /complete', random.bytes(random.whole(1, 3000)), 400, 'BAD_JSON'],
  'no body': () => ['POST /complete', undefined, 400, 'BAD_JSON'],
  'wrong types': () => ['POST /adapters/eve', { texts: [1, null] }, 400, 'BAD_FIELD'],
  'a body of 5 MB': () => ['POST /complete', Buffer.alloc(5_000_000, 'x'), 413, 'TOO_LONG'],
  'a prompt beyond the context': () => ['POST /complete', { prompt: text(9000) }, 400, 'ERR_LORA_OPTION'],
  'a billion tokens': () => ['POST /complete', { prompt: 'x', maxNewTokens: 1e9 }, 400, 'ERR_LORA_OPTION'],
  'a temperature below 0': () => ['POST /complete', { prompt: 'x', temperature: -3 }, 400, 'ERR_LORA_OPTION'],
  'an unknown customer': () => ['POST /complete', { prompt: 'x', customer: 'nobody' }, 404, 'NO_ADAPTER'],
  'a path for a name': () => ['PUT /adapters/..%2F..%2Fhome', Buffer.from('x'), 400, 'BAD_FIELD'],
  'random bytes for an adapter': (random) => ['PUT /adapters/eve', random.bytes(4000), 400, 'ERR_LORA_FORMAT'],
  'an unknown route': () => ['GET /admin', undefined, 404, 'NO_SUCH_ROUTE'],
}

/** Kinds that no HTTP client sends. */
const SOCKETS = {
  'bytes that are no HTTP': (random) => [Buffer.concat([Buffer.from([0x16, 3, 1, 10]), random.bytes(200)]), true],
  'half a request': () => ['POST /complete HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{"prompt":', false],
}

export const KINDS = [...Object.keys(REQUESTS), ...Object.keys(SOCKETS)]

/** Sends one kind and checks the response. */
export async function sendRubbish(kind, client, address, random) {
  if (kind in SOCKETS) return sendRaw(kind, client, address, random)
  const [route, body, status, code] = REQUESTS[kind](random)
  const answer = await client.ask(route, body)
  if (answer && (answer.status !== status || answer.code !== code)) {
    client.wrong(`${kind}: ${answer.status} ${answer.code} in place of ${status} ${code}`)
  }
}

async function sendRaw(kind, client, address, random) {
  const [bytes, isAnswered] = SOCKETS[kind](random)
  const { port, hostname } = new URL(address)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {}) // the server may hang up first
  await once(socket, 'connect')
  socket.write(bytes)
  if (isAnswered) {
    const [answer] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => [''])])
    if (!String(answer).startsWith('HTTP/1.1 400')) client.wrong(`${kind}: answered with "${answer}"`)
  }
  socket.destroy()
}
