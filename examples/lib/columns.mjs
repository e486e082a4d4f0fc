// Two texts side by side.

/** Both texts wrapped, one column each. */
export function sideBySide([leftHead, left], [rightHead, right], width = Math.min(process.stdout.columns ?? 110, 120)) {
  const column = Math.floor((width - 5) / 2)
  const [a, b] = [
    [leftHead, ...wrap(left, column)],
    [rightHead, ...wrap(right, column)],
  ]
  const lines = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => {
    return `  ${(a[i] ?? '').padEnd(column)} │ ${b[i] ?? ''}`.trimEnd()
  })
  return lines.join('\n')
}

/** Lines of at most `width` characters, broken between words where there are any. */
export function wrap(text, width) {
  const lines = []
  let line = ''
  for (const word of text.match(new RegExp(`\\S{1,${width}}`, 'gu')) ?? []) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
