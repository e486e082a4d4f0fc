// Loaded before a forked program: makes it look like Electron's utility process, with `process.parentPort` over Node's own channel.
import { EventEmitter } from 'node:events'

const port = new EventEmitter()
const early = []
let isHeard = false

port.postMessage = (message) => void process.send(message)
// As in Electron, messages wait until somebody listens.
port.on('newListener', (name) => {
  if (name !== 'message' || isHeard) return
  isHeard = true
  process.nextTick(() => early.splice(0).forEach((data) => port.emit('message', { data, ports: [] })))
})
process.on('message', (data) => {
  if (isHeard) port.emit('message', { data, ports: [] })
  else early.push(data)
})
process.parentPort = port
process.type = 'utility'
