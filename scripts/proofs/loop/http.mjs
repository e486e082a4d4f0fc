// A server in this process and a client in another.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'

/** Serves `status()` as JSON, with the number of the request. */
export async function startServer(status) {
  const server = createServer((request, response) => {
    const n = Number(new URL(request.url, 'http://localhost').searchParams.get('n'))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ n, ...status() }))
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Starts a client; `begin()` lets it send, `stop()` returns its results. */
export async function startClient(server, rate) {
  const child = fork(fileURLToPath(new URL('./client.mjs', import.meta.url)), { execArgv: [] })
  await once(child, 'spawn')
  return {
    begin: () => child.send({ port: server.address().port, rate }),
    stop: async () => {
      child.send('stop')
      const [seen] = await once(child, 'message')
      return seen
    },
  }
}
