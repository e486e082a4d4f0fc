const said = new Set<string>()

/** Warns on stderr, once for each cause. */
export function warnOnce(cause: string, text: string): void {
  if (said.has(cause)) return
  said.add(cause)
  process.emitWarning(text, { type: 'LoralibWarning', code: cause })
}
