// Large lists and maps in which there is no tensor, such as a vocabulary: they are read once, not at the end of every forward.

/** Below this many entries, reading them costs less than a microsecond or two. */
const LARGE = 1024

/** The sizes at which large containers held numbers, texts and truth values alone. */
const sizes = new WeakMap<object, number>()

/**
 * Whether a container is large and holds numbers, texts and truth values alone. The answer holds until its size changes. An entry that is replaced by a tensor
 * at the same size is not noticed; a list prepared for tensors holds null or undefined until then, so that it is read every time.
 */
export function isLargeData(container: object): boolean {
  const size = sizeOf(container)
  if (size < LARGE) return false
  if (sizes.get(container) === size) return true
  if (!holdsData(container)) return false
  sizes.set(container, size)
  return true
}

function sizeOf(container: object): number {
  if (Array.isArray(container)) return container.length
  return container instanceof Map || container instanceof Set ? container.size : 0
}

function holdsData(container: object): boolean {
  if (!Array.isArray(container)) {
    for (const item of (container as Map<unknown, unknown> | Set<unknown>).values()) if (!isData(item)) return false
    return true
  }
  for (let i = 0; i < container.length; i++) if (!isData(container[i])) return false
  return true
}

/** A number, text or truth value, or a short list of them, such as the pairs of a tokenizer. */
function isData(item: unknown): boolean {
  if (!Array.isArray(item)) return item !== undefined && typeof item !== 'object' && typeof item !== 'function'
  if (item.length === 0 || item.length > 4) return false
  for (let i = 0; i < item.length; i++) if (Array.isArray(item[i]) || !isData(item[i])) return false
  return true
}
