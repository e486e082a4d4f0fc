// What goes wrong, in the words that the window shows: what happened, why, and what the user can do.

/** A problem that is told as it stands. */
export class Problem extends Error {
  /** @param {string} what @param {{ why?: string, fix?: string, cause?: unknown }} parts */
  constructor(what, { why = '', fix = '', cause } = {}) {
    super(what, { cause })
    this.name = 'Problem'
    Object.assign(this, { why, fix })
  }
}

const NO_ROOM = {
  what: 'There is not enough room on the disk',
  fix: 'Make some room, or choose another folder, and try again.',
}

const NOT_WRITABLE = {
  what: 'The file cannot be written there',
  fix: 'Choose a folder of your own, such as Documents.',
}

/** Errors of the system by their codes. */
const BY_SYSTEM_CODE = {
  ENOSPC: NO_ROOM,
  EDQUOT: NO_ROOM,
  ENOENT: NOT_WRITABLE,
  ENOTDIR: NOT_WRITABLE,
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
}

/** Errors of the library by their stable codes; `why` is the first line of the error's own text. */
const BY_CODE = {
  ERR_LORA_MEMORY: {
    what: 'This does not fit into the memory of this computer',
    fix: 'Close other programs, or choose a smaller model.',
  },
  ERR_LORA_NON_FINITE: {
    what: 'The training lost its way: its numbers are no longer finite',
    fix: 'Train again. If it happens again, look at the text: very long runs of one character can cause it.',
  },
  ERR_LORA_UNSUPPORTED: {
    what: 'The library cannot do this',
    fix: 'Choose a model of a supported family, such as GPT-2, Llama, Mistral, Qwen or Phi-3.',
  },
  ERR_LORA_FILE: { what: 'A file cannot be read or written', fix: 'Check that it exists and may be used.' },
  ERR_LORA_FORMAT: { what: 'A file is damaged or of another kind', fix: 'Choose another folder, or copy it again.' },
  ERR_LORA_KEY: {
    what: 'The files of this model do not belong together',
    fix: 'Copy config.json and the weights from the same model.',
  },
}

/**
 * Any error as `{ what, why, fix }`.
 * @param {unknown} error
 */
export function inPlainWords(error) {
  if (error?.name === 'Problem') return { what: error.message, why: error.why, fix: error.fix }
  const text = error instanceof Error ? error.message : String(error)
  if (error?.code === 'ERR_LORA_FILE' && /no space|disk full|quota/i.test(text))
    return { ...NO_ROOM, why: firstLine(text) }
  const system = BY_SYSTEM_CODE[error?.code]
  if (system) return { ...system, why: firstLine(text) }
  const known = BY_CODE[error?.code]
  if (known) return { ...known, why: [firstLine(text), error.received].filter(Boolean).join(': ') }
  return { what: 'Something went wrong that was not foreseen', why: firstLine(text), fix: 'Try again.' }
}

/** The library, or a part of the trainer, that could not even be loaded: as a rule a fault of how the app was packed. */
export function notLoaded(error) {
  const { message = String(error), hint } = error ?? {}
  return new Problem('The engine of this app cannot be started', {
    why: firstLine(message),
    fix: `Install the app again.${hint ? ` For whoever packed it: ${hint}` : ''}`,
    cause: error,
  })
}

function firstLine(text) {
  return text.split('\n')[0]
}
