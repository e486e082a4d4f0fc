// Reading training data: JSONL with "prompt" and "completion", or plain text.
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { Problem, shortPath, shorten } from './problem.mjs'

const JSONL = ['.jsonl', '.ndjson', '.json']
const HELD_OUT_EVERY = 15
const SHOWN = 5

/** @typedef {{ prompt: string, completion: string }} Row */

/**
 * Rows of a JSONL file, or the text of any other file.
 * @returns {Promise<{ rows?: Row[], text?: string }>}
 */
export async function readExamples(file) {
  const text = await readText(file)
  if (!JSONL.includes(extname(file).toLowerCase())) return { text }
  return { rows: parseRows(file, text) }
}

/**
 * Splits rows so that no prompt is on both sides: every 15th prompt is held out with all its rows.
 * @param {Row[]} rows
 * @returns {{ train: Row[], heldout: Row[] }}
 */
export function splitByPrompt(file, rows) {
  const prompts = [...new Set(rows.map((row) => row.prompt))]
  if (prompts.length < 2) {
    throw new Problem(`${shortPath(file)}: there is nothing to hold out`, {
      expected: 'at least 2 different prompts, or rows to measure on in a file of their own',
      received: `${prompts.length} prompt in ${rows.length} rows`,
      fix: 'add rows, or pass --heldout FILE',
    })
  }
  const held = new Set(prompts.filter((_, i) => i % HELD_OUT_EVERY === Math.min(7, prompts.length - 1)))
  return { train: rows.filter((row) => !held.has(row.prompt)), heldout: rows.filter((row) => held.has(row.prompt)) }
}

async function readText(file) {
  let bytes
  try {
    bytes = await readFile(file)
  } catch (error) {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new Problem(`${shortPath(file)} cannot be read`, { received: reason, fix: 'check the path given to --data' })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Problem(`${shortPath(file)} is no UTF-8 text`, {
      expected: 'JSONL or plain text in UTF-8',
      fix: 'convert it, for example: iconv -f latin1 -t utf-8 OLD > NEW',
    })
  }
}

function parseRows(file, text) {
  const [rows, wrong] = [[], []]
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '') return
    const problem = problemOf(line, (row) => rows.push(row))
    if (problem) wrong.push(`${shortPath(file)}, line ${i + 1}: ${problem}\n  received  ${shorten(line)}`)
  })
  if (wrong.length > 0) {
    const more = wrong.length > SHOWN ? `\n… and ${wrong.length - SHOWN} more lines` : ''
    throw new Problem(wrong.slice(0, SHOWN).join('\n') + more, {
      expected: '{"prompt": "text", "completion": "text"} in each line',
      fix:
        wrong.length === 1
          ? 'mend or remove the line'
          : 'mend or remove these lines; for plain text use another file ending, such as .txt',
    })
  }
  if (rows.length === 0)
    throw new Problem(`${shortPath(file)} has no rows`, { fix: 'write a JSON object in each line' })
  return rows
}

/** What is wrong with a line; hands over the row when nothing is. */
function problemOf(line, accept) {
  let row
  try {
    row = JSON.parse(line)
  } catch (error) {
    return `no JSON (${error.message})`
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'no JSON object'
  for (const field of ['prompt', 'completion']) {
    if (row[field] === undefined) return `no "${field}"`
    if (typeof row[field] !== 'string') return `"${field}" is no text`
    if (row[field].trim() === '') return `"${field}" is empty`
  }
  accept({ prompt: row.prompt, completion: row.completion })
  return null
}
