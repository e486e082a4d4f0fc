// npm run bench:quote [-- --check]: puts the table of bench/results between the markers of README.md. --check changes nothing and fails when the
// table there is another one.
import { readFileSync, writeFileSync } from 'node:fs'
import { fail, inRoot, runTool } from '../scripts/lib/run.mjs'
import { filesBelow } from '../scripts/lib/stamp.mjs'
import { markdown } from './lib/table.mjs'

const FILE = 'README.md'
const [BEGIN, END] = ['<!-- bench:begin (npm run bench:quote) -->', '<!-- bench:end -->']

const before = readFileSync(inRoot(FILE), 'utf8')
const [from, to] = [before.indexOf(BEGIN), before.indexOf(END)]
if (from === -1 || to < from)
  fail(`${FILE} has no markers for the table: add these lines where it belongs:\n${BEGIN}\n${END}`)
// Products that others are measured against are no case of their own.
const results = filesBelow(['bench/results'], (path) => path.endsWith('.json') && !path.endsWith('roofline.json')).map(
  (path) => JSON.parse(readFileSync(inRoot(path), 'utf8')),
)
if (results.length === 0) fail('bench/results holds nothing; run `npm run bench -- all`')
const text = `${before.slice(0, from + BEGIN.length)}\n\n${markdown(results.map(({ summary }) => summary))}\n\n${sources()}\n\n${before.slice(to)}`

if (process.argv.includes('--check')) {
  // Prettier pads the cells of tables.
  const bare = (table) => table.replace(/ +/g, ' ').replace(/-+/g, '-')
  if (bare(text) !== bare(before))
    fail(`the table in ${FILE} is not that of bench/results; run \`npm run bench:quote\``)
} else {
  writeFileSync(inRoot(FILE), text)
  const { code } = await runTool('prettier', 'prettier', ['--write', '--log-level', 'warn', FILE])
  process.exitCode = code
}

/** On what the results were measured: one line for each machine and kernel path. */
function sources() {
  const lines = results.map(({ machine, kernel_path, settings, versions, measured }) => {
    const flags = machine.flags.filter((flag) => /^(avx2|avx512f|avx512_bf16|amx_bf16|asimd)$/.test(flag)).join(' ')
    const what = `${machine.cpu} (family ${machine.family}; ${flags}), ${machine.cores} cores, ${machine.memoryGb} GB`
    return `${what}, kernels ${kernel_path}, ${settings.threads} threads, Node ${versions.node}, torch ${versions.torch}, ${measured.slice(0, 10)}`
  })
  return `Measured on ${[...new Set(lines)].join('; ')}.`
}
