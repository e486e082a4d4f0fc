// The mails of the Spam Assassin project as files for a text task: {"text": …, "label": "ham" | "spam"} in each line.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const GROUPS = { 'easy-ham-1': 'ham', 'easy-ham-2': 'ham', 'hard-ham-1': 'ham', 'spam-1': 'spam', 'spam-2': 'spam' }
/** Longer mails are cut: a run reads some 64 tokens. */
const MOST_CHARACTERS = 1500

/**
 * Writes train.jsonl and test.jsonl, the two kinds in equal shares. Of mails with the same beginning one stays, so that no test mail was trained on.
 * @returns {{ train: string, test: string }} paths
 */
export function writeMails(packageDir, out, sizes) {
  const files = { train: join(out, `train-${sizes.train}.jsonl`), test: join(out, `test-${sizes.test}.jsonl`) }
  if (Object.values(files).every((file) => existsSync(file))) return files
  const kinds = { ham: [], spam: [] }
  for (const [group, label] of Object.entries(GROUPS)) {
    const dir = join(packageDir, 'data', group)
    for (const name of readdirSync(dir)
      .filter((file) => file.endsWith('.json'))
      .sort()) {
      const text = readable(JSON.parse(readFileSync(join(dir, name), 'utf8')).text)
      if (text.length > 40) kinds[label].push({ text, label })
    }
  }
  const rows = Object.values(kinds).map((mails) => shuffled(distinct(mails)))
  mkdirSync(out, { recursive: true })
  let start = 0
  for (const [name, size] of Object.entries(sizes)) {
    const some = shuffled(rows.flatMap((mails) => mails.slice(start, start + size / 2)))
    writeFileSync(files[name], some.map((row) => `${JSON.stringify(row)}\n`).join(''))
    start += size / 2
  }
  return files
}

/** Subject and body, without the other headers, tags and encodings: headers would tell the two kinds apart by the mailbox they came from. */
function readable(mail) {
  const end = mail.search(/\r?\n\r?\n/)
  const [headers, body] = end < 0 ? ['', mail] : [mail.slice(0, end), mail.slice(end)]
  const subject = /^subject: *(.*(?:\r?\n[ \t].*)*)/im.exec(headers)?.[1] ?? ''
  const plain = /^content-transfer-encoding: *base64/im.test(headers)
    ? Buffer.from(body, 'base64').toString('latin1')
    : body
  const text = plain
    .replace(/^--.*$|^content-.*$|^\s+(?:charset|boundary|name)=.*$|^This is a multi-part message.*$/gim, ' ')
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]*>|&nbsp;/gi, ' ')
  return `${subject}. ${text}`
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MOST_CHARACTERS)
}

function distinct(mails) {
  const start = (text) =>
    text
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .slice(0, 60)
  return [...new Map(mails.map((mail) => [start(mail.text), mail])).values()]
}

/** The same order on every machine: a linear congruential generator draws it. */
function shuffled(rows) {
  const mixed = [...rows]
  let state = 12345
  for (let i = mixed.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    ;[mixed[i], mixed[j]] = [mixed[j], mixed[i]]
  }
  return mixed
}
