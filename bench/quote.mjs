// npm run bench:quote [-- --check]: puts the numbers of bench/results between the markers: the whole table into bench/README.md, six rows in words
// into README.md. --check changes nothing and fails when one of them says something else.
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { flag, readArgs } from '../scripts/lib/args.mjs'
import { fail, inRoot, runTool } from '../scripts/lib/run.mjs'
import { filesBelow } from '../scripts/lib/stamp.mjs'
import { markdown, quoted } from './lib/table.mjs'

const { check } = readArgs({ options: { check: flag } }).values
const [BEGIN, END] = ['<!-- bench:begin (npm run bench:quote) -->', '<!-- bench:end -->']

// Products that others are measured against are no case of their own; k and scale have no side of torch's, and tables of their own.
const results = filesBelow(
  ['bench/results'],
  (path) => path.endsWith('.json') && !/^(?:roofline|k|scale)\.json$/.test(basename(path)),
).map((path) => JSON.parse(readFileSync(inRoot(path), 'utf8')))
if (results.length === 0) fail('bench/results holds nothing; run `npm run bench -- all`')
const summaries = results.map(({ summary }) => summary)
const pages = {
  'README.md': `${quoted(summaries)}\n\n${machines()}`,
  'bench/README.md': `${markdown(summaries)}\n\n${machines()}`,
}
const texts = Object.entries(pages).map(([file, quote]) => [file, ...withQuote(file, quote)])

if (check) {
  // Prettier pads the cells of tables.
  const bare = (table) => table.replace(/ +/g, ' ').replace(/-+/g, '-')
  for (const [file, before, after] of texts) {
    if (bare(before) !== bare(after))
      fail(`the numbers in ${file} are not those of bench/results; run \`npm run bench:quote\``)
  }
} else {
  for (const [file, , after] of texts) writeFileSync(inRoot(file), after)
  const { code } = await runTool('prettier', 'prettier', ['--write', '--log-level', 'warn', ...Object.keys(pages)])
  process.exitCode = code
}

/** A page as it is, and with the quote between its markers. */
function withQuote(file, quote) {
  const before = readFileSync(inRoot(file), 'utf8')
  const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)]
  if (from === -1 || to < from)
    fail(`${file} has no place for the numbers: put these lines where they belong:\n${BEGIN}\n${END}`)
  return [before, `${before.slice(0, from + BEGIN.length)}\n\n${quote}\n\n${before.slice(to)}`]
}

/** On what the results were measured: one line for each machine and kernel path. */
function machines() {
  const lines = results.map(({ machine, kernel_path, settings, versions, measured }) => {
    const flags = machine.flags.filter((flag) => /^(avx2|avx512f|avx512_bf16|amx_bf16|asimd)$/.test(flag)).join(' ')
    const what = `${machine.cpu} (family ${machine.family}; ${flags}), ${machine.cores} cores, ${machine.memoryGb} GB`
    return `${what}, kernels ${kernel_path}, ${settings.threads} threads, Node ${versions.node}, torch ${versions.torch}, ${measured.slice(0, 10)}`
  })
  return `Measured on ${[...new Set(lines)].join('; ')}.`
}
