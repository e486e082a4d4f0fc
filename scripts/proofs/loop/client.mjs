// A client in a process of its own: sends requests at a steady rate and reports how long each response took.
//
//   started by http.mjs with an IPC channel: { port, rate } begins, 'stop' ends; answers { sent, lost, wrong, times }
import { Agent, get } from 'node:http'

const PATIENCE_MS = 10_000
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const [times, late] = [[], []]
let [sent, lost, wrong, open] = [0, 0, 0, 0]
let [timer, port] = [null, 0]

process.on('message', (message) => (message === 'stop' ? stop() : begin(message)))

function begin({ port: to, rate }) {
  port = to
  const start = performance.now()
  // By the clock and not by the timer: a client that is late catches up.
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - start) * rate) / 1000)
    late.push(due - sent)
    while (sent < due) send(sent++)
  }, 1)
}

function send(n) {
  open += 1
  const start = performance.now()
  let done = false
  const end = (fine, right) => {
    if (done) return
    done = true
    open -= 1
    if (!fine) lost += 1
    else if (!right) wrong += 1
    times.push(performance.now() - start)
  }
  const request = get({ port, agent, path: `/?n=${n}`, host: '127.0.0.1', timeout: PATIENCE_MS }, (response) => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (text) => (body += text))
    response.on('end', () => end(response.statusCode === 200, isAnswer(body, n)))
    response.on('error', () => end(false))
  })
  request.on('timeout', () => request.destroy(new Error('no answer')))
  request.on('error', () => end(false))
}

function isAnswer(body, n) {
  try {
    return JSON.parse(body).n === n
  } catch {
    return false
  }
}

async function stop() {
  clearInterval(timer)
  for (let waited = 0; waited < PATIENCE_MS; waited += 5) {
    if (open === 0) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  process.send({ sent, lost: lost + open, wrong, times, late: Math.max(0, ...late) }, () => process.exit())
}
