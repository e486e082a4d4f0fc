// npm test [-- --only rust,ava,conformance]: set-up, then all tests. The last line is `N passed, N failed`.
import { fail } from './lib/run.mjs'
import { runGroups } from './lib/report.mjs'
import { avaTests, conformance, rustTests } from './lib/suites.mjs'
import { setup } from './setup.mjs'

const groups = [
  { name: 'rust', about: 'cargo test of crates/kernels and crates/core', run: rustTests },
  { name: 'ava', about: 'the public API, __test__/', run: avaTests },
  { name: 'conformance', about: 'reference numbers of PyTorch, loralib and PEFT', run: conformance },
]

const at = process.argv.indexOf('--only')
const only = at === -1 ? groups.map((group) => group.name) : (process.argv[at + 1] ?? '').split(',')
const unknown = only.filter((name) => !groups.some((group) => group.name === name))
if (unknown.length)
  fail(`no such group: ${unknown.join(', ')}; there are ${groups.map((group) => group.name).join(', ')}`)

// The Rust tests need neither npm packages nor the addon.
if (only.join() !== 'rust') await setup()
process.exitCode = (await runGroups(groups.filter((group) => only.includes(group.name)))) ? 0 : 1
