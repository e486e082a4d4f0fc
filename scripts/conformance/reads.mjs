// Which values of an entry a run reads: one that nobody reads is not checked, whatever the run says.

/**
 * A copy of an entry that notes what is read of it. Lists and objects are real ones, so that the package takes them as any other; they are made when
 * they are read. An empty one counts as a value.
 */
export class Reads {
  /** Paths of the values that were read, as JSON. */
  #read = new Set()
  #raw
  /** The copy. */
  entry

  constructor(entry) {
    this.#raw = entry
    this.entry = this.#copy(entry, [])
  }

  /** The paths of all values that were not read. */
  unread() {
    return pathsIn(this.#raw, []).filter((path) => !this.#read.has(JSON.stringify(path)))
  }

  /** Takes over what a part of the run read of a copy of the same entry. */
  add(other) {
    for (const path of other.#read) this.#read.add(path)
  }

  #copy(value, path) {
    const copy = Array.isArray(value) ? [] : {}
    for (const key of Object.keys(value)) this.#define(copy, key, value[key], [...path, key])
    return copy
  }

  #define(holder, key, value, path) {
    const get = () => {
      if (!isHolder(value)) {
        this.#read.add(JSON.stringify(path))
        return value
      }
      const copy = this.#copy(value, path)
      Object.defineProperty(holder, key, { enumerable: true, value: copy })
      return copy
    }
    Object.defineProperty(holder, key, { enumerable: true, configurable: true, get })
  }
}

const isHolder = (value) => value !== null && typeof value === 'object' && Object.keys(value).length > 0

function pathsIn(value, path) {
  if (!isHolder(value)) return [path]
  return Object.keys(value).flatMap((key) => pathsIn(value[key], [...path, key]))
}
