// npm test [-- --only rust,ava,conformance]: set-up, then all tests. The last line is `N passed, N failed`.
import { readArgs, readNames, text } from './lib/args.mjs'
import { runGroups } from './lib/report.mjs'
import { avaTests, conformance, rustTests } from './lib/suites.mjs'
import { setup } from './setup.mjs'

const groups = [
  { name: 'rust', about: 'cargo test of crates/kernels and crates/core', run: rustTests },
  { name: 'ava', about: 'the public API, __test__/', run: avaTests },
  { name: 'conformance', about: 'reference numbers of PyTorch, loralib and PEFT', run: conformance },
]

const all = groups.map(({ name }) => name)
const only = readNames(readArgs({ options: { only: text } }).values.only, 'group', all) ?? all

// The Rust tests need neither npm packages nor the addon.
if (only.join() !== 'rust') await setup()
process.exitCode = (await runGroups(groups.filter((group) => only.includes(group.name)))) ? 0 : 1
