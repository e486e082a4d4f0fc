// npm run gen: all generated files that are committed, except the public types (`npm run api`): those from the op table and the error codes
// (crates/xtask), and those from the interfaces of options (scripts/options.mjs).
import { readArgs } from './lib/args.mjs'
import { fail, isMain, run } from './lib/run.mjs'
import { builtProgram, cargo } from './lib/cargo.mjs'
import { writeOptions } from './options.mjs'

/** Writes all generated files; returns what failed, or null. */
export async function generate() {
  const { code } = await cargo(['build', '--release', '--quiet', '-p', 'xtask', '-p', 'loralib-node'])
  if (code !== 0) return 'crates/xtask did not build'
  if ((await run(builtProgram('xtask'), ['gen'])).code !== 0) return 'xtask gen failed'
  const problems = writeOptions()
  problems.forEach((problem) => console.error(problem))
  return problems.length ? 'interfaces of options are incomplete' : null
}

if (isMain(import.meta.url)) {
  readArgs()
  const failed = await generate()
  if (failed) fail(`${failed}: the errors are above`)
}
