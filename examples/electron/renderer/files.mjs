// What the user drops or chooses, as texts.

/** Thrown for a file that is no text, in words for the user. */
export class NoText extends Error {}

/**
 * @param {Iterable<File>} files
 * @returns {Promise<{ name: string, text: string }[]>}
 */
export function readFiles(files) {
  return Promise.all([...files].map(async (file) => ({ name: file.name, text: await readText(file) })))
}

async function readText(file) {
  let bytes
  try {
    bytes = await file.arrayBuffer()
  } catch {
    throw new NoText(`${file.name} cannot be read. Folders cannot be dropped: drop the files in them.`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // Pictures and office files may happen to be UTF-8 for a while, but hold zeros.
    if (!text.includes('\0')) return text
  } catch {
    // The answer is the same.
  }
  throw new NoText(`${file.name} is not plain text in UTF-8. Save it as a text file (.txt) first.`)
}
