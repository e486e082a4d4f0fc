// The loader of planted.mjs: what planted-bugs.mjs says, in the text of dist/loralib.js.
import { REPLACED } from './planted-bugs.mjs'

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.endsWith('/dist/loralib.js')) return loaded
  const source = REPLACED.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`dist/loralib.js does not hold this once: ${from}`)
    return text.replace(from, () => to)
  }, String(loaded.source))
  return { ...loaded, source }
}
