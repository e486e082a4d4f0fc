// Makes examples/data/e2e/{train,heldout}.jsonl from the E2E NLG files of microsoft/LoRA (examples/NLG/data/e2e).
//
//   node scripts/make-e2e.mjs [DIR] [--split mixed|official]     DIR holds valid.txt and test.txt
//
// Each line of the sources is `meaning representation||text`. Held out by context: no meaning representation is in both
// files.
//   mixed     (default) both sources together; every 15th context is held out, the others give up to 4 texts each. The
//             challenge's valid.txt has only coffee shops, with English or Chinese food; a model trained on it alone has
//             never seen a pub.
//   official  train on valid.txt, held out from test.txt, spread evenly over its contexts.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readArgs } from './lib/args.mjs'

const TEXTS_PER_CONTEXT = 4
const HELD_OUT_EVERY = 15
const OFFICIAL_HELD_OUT_ROWS = 600

/** Contexts in the order of the file, with their texts. */
function readContexts(path) {
  const contexts = new Map()
  readFileSync(path, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      if (line === '') return
      const parts = line.split('||')
      if (parts.length !== 2) throw new Error(`make-e2e: ${path}:${index + 1} does not hold one "||"`)
      const [prompt, completion] = parts.map((part) => part.trim())
      if (!contexts.has(prompt)) contexts.set(prompt, [])
      contexts.get(prompt).push(completion)
    })
  return contexts
}

/** Rows of some contexts: the first text of each, then the second of each, and so on, so that order alone mixes them. */
function rowsOf(contexts, textsPerContext = Math.max(...contexts.map(([, texts]) => texts.length))) {
  const rows = []
  for (let i = 0; i < textsPerContext; i++) {
    for (const [prompt, texts] of contexts) {
      if (i < texts.length) rows.push({ prompt, completion: texts[i] })
    }
  }
  return rows
}

function splitMixed(valid, test) {
  const all = [...valid, ...[...test].filter(([prompt]) => !valid.has(prompt))]
  const isHeld = (_, index) => index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1
  return {
    train: rowsOf(
      all.filter((c, i) => !isHeld(c, i)),
      TEXTS_PER_CONTEXT,
    ),
    heldout: rowsOf(all.filter(isHeld)),
  }
}

function splitOfficial(valid, test) {
  const others = [...test].filter(([prompt]) => !valid.has(prompt))
  return { train: rowsOf([...valid]), heldout: rowsOf(others).slice(0, OFFICIAL_HELD_OUT_ROWS) }
}

const root = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const { values, positionals } = readArgs({
  positionals: 1,
  options: { split: { type: 'string', default: 'mixed' } },
})
const source = positionals[0] ?? root('../shared/data/nlg/e2e')
const split = { mixed: splitMixed, official: splitOfficial }[values.split]
if (split === undefined) throw new Error(`make-e2e: --split is mixed or official, not ${values.split}`)
const { train, heldout } = split(readContexts(`${source}/valid.txt`), readContexts(`${source}/test.txt`))
for (const [name, rows] of Object.entries({ train, heldout })) {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('')
  writeFileSync(root(`examples/data/e2e/${name}.jsonl`), text)
  console.log(
    `${name}.jsonl: ${rows.length} rows, ${new Set(rows.map((r) => r.prompt)).size} contexts, ${Buffer.byteLength(text)} bytes`,
  )
}
