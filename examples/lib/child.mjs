// A script as a process of its own: so it has a peak of memory of its own.
import { spawn } from 'node:child_process'

/**
 * Runs Node with arguments; Ctrl-C ends it, too.
 * @param {'inherit' | 'pipe'} stdout where its lines go: as they come, or into `out`
 * @returns its exit code, and what it printed where that is piped @throws the signal's reason after Ctrl-C
 */
export async function runNode(args, signal, stdout = 'inherit') {
  signal.throwIfAborted()
  const child = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'inherit'] })
  // Ctrl-C in a terminal reaches both; from elsewhere only this process.
  const pass = () => child.kill('SIGINT')
  if (!process.stdin.isTTY) signal.addEventListener('abort', pass, { once: true })
  let out = ''
  child.stdout?.setEncoding('utf8').on('data', (part) => (out += part))
  const code = await new Promise((done, failed) => child.on('error', failed).on('close', done))
  signal.removeEventListener('abort', pass)
  signal.throwIfAborted()
  return { code, out }
}
