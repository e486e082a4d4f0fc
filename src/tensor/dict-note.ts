// What a dict of tensors says of itself: a text that its file keeps in the metadata. Files below, adapters above; neither knows the other.

/** The key of the text in the metadata of a file. */
export const NOTE_KEY = 'lora'

const notes = new WeakMap<object, string>()

/** Gives a dict a text to keep in its file. A copy of the dict (`{ ...dict }`) has none. */
export function setNote<D extends object>(dict: D, text: string): D {
  notes.set(dict, text)
  return dict
}

/** The text of a dict, or undefined. */
export function noteOf(dict: object): string | undefined {
  return notes.get(dict)
}
