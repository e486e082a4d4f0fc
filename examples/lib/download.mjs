// What a download from the hub shows: one line, rewritten in place in a terminal, and else a line every five seconds.
const LINE_MS = 5000

/** Options for everything that takes a folder or a hub id: Ctrl-C ends the download, and the next one goes on where it was. */
export function hubOptions(signal) {
  const isTerminal = process.stdout.isTTY
  let last = 0
  const onProgress = ({ repo, file, loadedBytes, totalBytes }) => {
    const isDone = loadedBytes >= totalBytes
    if (performance.now() - last < (isTerminal ? 200 : LINE_MS) && !isDone) return
    last = performance.now()
    const [share, all] = [Math.floor((100 * loadedBytes) / totalBytes), (totalBytes / 1e6).toFixed(totalBytes < 1e7 ? 1 : 0)] // prettier-ignore
    const line = `download ${repo}: ${share} % of ${all} MB  ${file}`
    if (isTerminal) process.stdout.write(`\r\x1b[K${line}${isDone ? '\n' : ''}`)
    else console.log(line)
  }
  return { onProgress, ...(signal && { signal }) }
}
