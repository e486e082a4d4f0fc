// What cargo says while it builds, in one line: a count of crates in place of a line for each. Warnings and errors go through as they are.
const BUSY = /^\s*(Downloading|Downloaded|Compiling|Checking|Locking|Updating|Adding) /
const LINE_MS = 15_000

/** For `run(program, args, { onLine: crateCounter() })`. In a terminal the line is rewritten in place, elsewhere there is one in 15 seconds. */
export function crateCounter({ out = process.stdout, now = () => performance.now() } = {}) {
  let [crates, last, open] = [0, now(), false]
  return (line) => {
    const compiling = /^\s*Compiling (\S+)/.exec(line)?.[1]
    if (compiling) crates += 1
    if (!BUSY.test(line)) {
      if (open) out.write('\r\x1b[K')
      open = false
      return true
    }
    const text = `  ${crates} crates${compiling ? `, ${compiling}` : ''}`
    if (out.isTTY) {
      out.write(`\r\x1b[K${text.slice(0, (out.columns || 80) - 1)}`)
      open = true
    } else if (now() - last > LINE_MS) {
      last = now()
      out.write(`${text}\n`)
    }
    return false
  }
}
