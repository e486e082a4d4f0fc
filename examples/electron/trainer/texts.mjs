// The user's own words, from pasted text and from .txt, .jsonl and .csv files.
import { parse } from 'csv-parse/sync'
import { Problem } from './problems.mjs'

const LONGEST_SHOWN = 60
const HOW_ROWS_LOOK = 'one "text" each, or a "prompt" and a "completion"'

/**
 * @typedef {{ name: string, text: string }} Document a file with its name, or what was pasted
 * @typedef {{ prompt: string, completion: string }} Row
 * @typedef {{ kind: 'text', texts: string[] } | { kind: 'rows', rows: Row[] }} Words
 */

/**
 * All documents as one kind: running text, or prompts with what shall be written about them.
 * @param {Document[]} documents
 * @returns {Words}
 */
export function readDocuments(documents) {
  const items = documents.flatMap(readDocument)
  const rows = items.filter((item) => typeof item !== 'string')
  const texts = items.filter((item) => typeof item === 'string' && item.trim() !== '')
  if (rows.length > 0 && texts.length > 0) {
    throw new Problem('These files hold two kinds of things', {
      why: `${rows.length} prompts with completions, and ${texts.length} plain texts`,
      fix: 'Drop files of one kind.',
    })
  }
  if (rows.length > 0) return { kind: 'rows', rows }
  if (texts.length === 0) {
    throw new Problem('There is no text in it', { fix: 'Paste a few pages that you wrote, or drop a file with them.' })
  }
  return { kind: 'text', texts }
}

/** The items of one document: texts as strings, prompts with completions as rows. */
function readDocument({ name, text }) {
  const ending = /\.(\w+)$/.exec(name)?.[1].toLowerCase()
  if (ending === 'jsonl' || ending === 'ndjson') return readJsonLines(name, text)
  if (ending === 'csv') return readCsv(name, text)
  return [text]
}

function readJsonLines(name, text) {
  return text.split(/\r?\n/).flatMap((line, i) => {
    if (line.trim() === '') return []
    const at = `${name}, line ${i + 1}`
    try {
      return [itemOf(JSON.parse(line), at)]
    } catch (error) {
      if (error instanceof Problem) throw error
      throw new Problem(`${at} is not JSON`, {
        why: shorten(line),
        fix: `Each line is a JSON object: ${HOW_ROWS_LOOK}.`,
      })
    }
  })
}

function readCsv(name, text) {
  let records
  try {
    records = parse(text, { bom: true, columns: lowerCase, delimiter: delimiterOf(text), skip_empty_lines: true })
  } catch (error) {
    throw new Problem(`${name} is not a table`, {
      why: error.message,
      fix: 'Save it as CSV again, with names of columns in its first line.',
    })
  }
  return records.map((record, i) => itemOf(record, `${name}, row ${i + 1}`))
}

function lowerCase(columns) {
  return columns.map((column) => column.trim().toLowerCase())
}

/** Spreadsheets of other languages write semicolons, or tabs. */
function delimiterOf(text) {
  const [head] = text.split('\n', 1)
  const count = (delimiter) => head.split(delimiter).length
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best))
}

function itemOf(value, at) {
  if (typeof value === 'string') return value
  const { text, prompt, completion } = value ?? {}
  if (typeof text === 'string') return text
  if (typeof prompt !== 'string' || typeof completion !== 'string') {
    const has = Object.keys(Object(value)).join(', ') || shorten(JSON.stringify(value))
    throw new Problem(`${at} has no text to learn from`, {
      why: `it has ${has}`,
      fix: `Each one needs ${HOW_ROWS_LOOK}.`,
    })
  }
  if (completion.trim() === '')
    throw new Problem(`${at} has an empty completion`, { fix: 'Fill it in, or take the row out.' })
  return { prompt: prompt.trim(), completion: completion.trim() }
}

function shorten(text) {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
