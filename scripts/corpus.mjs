// Makes the text that the base model is trained on: the King James Bible and the Jargon File, both in the public domain.
//
//   node scripts/corpus.mjs            writes .cache/corpus/
//
// The text is taken from two Debian packages and is not committed. Each text is split at line ends into chunks of about
// 2,000 characters; every 20th chunk is held out. Neighbouring chunks of one side form one piece, and pieces are
// separated by the end-of-text token, so that no training window runs across a gap.
//
//   kjv.txt, jargon.txt                        the whole text
//   train_kjv.txt, train_jargon.txt            pieces, separated by <|endoftext|>
//   heldout_kjv.txt, heldout_jargon.txt        pieces, separated by <|endoftext|>
//   corpus.json                                sizes and SHA-256 of each file
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { readArgs } from './lib/args.mjs'
import { isMain } from './lib/run.mjs'

export const END_OF_TEXT = '<|endoftext|>'
export const CHUNK_CHARS = 2000
export const HELD_OUT_EVERY = 20
const HELD_OUT_PHASE = 10

const BIBLE_PROGRAM = '/usr/bin/bible'
const JARGON_FILE = '/usr/share/dictd/jargon.dict.dz'
const PACKAGES = ['bible-kjv', 'dict-jargon']

/** The Bible, one verse a line without its reference, a blank line between chapters. */
export function readBible() {
  const raw = execFileSync(BIBLE_PROGRAM, ['-f', 'Ge1:1-Re22:21'], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  return dropReferences(raw)
}

/** `Ge1:1 In the beginning …` → `In the beginning …`; a blank line where the chapter changes. */
export function dropReferences(raw) {
  let chapter = ''
  let text = ''
  for (const line of raw.split('\n')) {
    if (line === '') continue
    const match = /^(\w+):\d+ (.*)$/.exec(line)
    if (match === null)
      throw new Error(`corpus: a Bible line without a reference: ${JSON.stringify(line.slice(0, 60))}`)
    if (chapter !== '' && match[1] !== chapter) text += '\n'
    chapter = match[1]
    text += `${match[2].trimEnd()}\n`
  }
  return text
}

/** The Jargon File in its original layout, from the first entry on. */
export function readJargon() {
  return dropDictionaryFrame(gunzipSync(readFileSync(JARGON_FILE)).toString('utf8'))
}

/** Removes what the dictionary server adds: the `00-database` head and the list of characters at the end. */
export function dropDictionaryFrame(raw) {
  const first = /\n\n(?=\S[^\n]*\n \/)/.exec(raw)
  if (first === null) throw new Error('corpus: no entry found in the Jargon File')
  const body = raw.slice(first.index + 2)
  return `${body.replace(/\n\n !\S+\n*$/, '').trimEnd()}\n`
}

/**
 * Splits text into pieces for training and for evaluation.
 * @returns {{ train: string[], heldout: string[] }} together they are the text, each piece whole lines.
 */
export function splitHeldOut(text) {
  const train = []
  const heldout = []
  let previousHeld = true
  chunksOf(text).forEach((chunk, index) => {
    const held = index % HELD_OUT_EVERY === HELD_OUT_PHASE
    if (held) heldout.push(chunk)
    else if (previousHeld) train.push(chunk)
    else train[train.length - 1] += chunk
    previousHeld = held
  })
  return { train, heldout }
}

/** Whole lines, until they have at least CHUNK_CHARS characters and the next line begins a new paragraph or verse. */
function chunksOf(text) {
  const indented = /^ {4}/m.test(text)
  const chunks = []
  let chunk = ''
  for (const line of text.match(/[^\n]*\n/g) ?? []) {
    const border = indented ? chunk.endsWith('\n\n') : chunk.endsWith('\n')
    if (chunk.length >= CHUNK_CHARS && border && line !== '\n') {
      chunks.push(chunk)
      chunk = ''
    }
    chunk += line
  }
  if (chunk !== '') chunks.push(chunk)
  return chunks
}

function installPackages() {
  if (existsSync(BIBLE_PROGRAM) && existsSync(JARGON_FILE)) return
  const byHand = `sudo apt-get install ${PACKAGES.join(' ')}`
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Error(
      `corpus: the two texts are Debian packages (${PACKAGES.join(', ')}) and this system has no apt-get.\n` +
        '  fix  run this script on Debian or Ubuntu, for example in a container; the base model itself ships with the repository and needs no text',
    )
  }
  if (process.getuid?.() !== 0) throw new Error(`corpus: installing packages needs root.\n  fix  run: ${byHand}`)
  console.log(`installing ${PACKAGES.join(' and ')} …`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...PACKAGES], { stdio: 'inherit', env })
}

function main() {
  installPackages()
  const folder = fileURLToPath(new URL('../.cache/corpus/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const files = {}
  const write = (name, text) => {
    const bytes = Buffer.from(text)
    writeFileSync(folder + name, bytes)
    files[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    console.log(`${name.padEnd(20)} ${String(bytes.length).padStart(9)} bytes`)
  }
  for (const [name, text] of [
    ['kjv', readBible()],
    ['jargon', readJargon()],
  ]) {
    const { train, heldout } = splitHeldOut(text)
    write(`${name}.txt`, text)
    write(`train_${name}.txt`, train.join(END_OF_TEXT))
    write(`heldout_${name}.txt`, heldout.join(END_OF_TEXT))
  }
  const rule = `every ${HELD_OUT_EVERY}th chunk (number ${HELD_OUT_PHASE} of each ${HELD_OUT_EVERY}) of at least ${CHUNK_CHARS} characters, cut at verses and blank lines, is held out`
  writeFileSync(`${folder}corpus.json`, `${JSON.stringify({ rule, packages: PACKAGES, files }, null, 2)}\n`)
}

if (isMain(import.meta.url)) {
  readArgs()
  try {
    main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
