// node bench/prepare.mjs CASE… [--small]: writes the model folders that the cases map.
import { parseArgs } from 'node:util'
import { cases } from './cases/index.mjs'
import { smallBase, writeBase } from './lib/bases.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { small: { type: 'boolean' } } })
for (const name of positionals) {
  for (const base of cases[name].bases ?? []) {
    // Small ones are always rewritten: that is fast, and their shapes change with the checks.
    if (values.small) await writeBase(smallBase(base), { overwrite: true })
    else await writeBase(base)
  }
}
