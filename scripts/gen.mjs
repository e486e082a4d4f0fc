// npm run gen: the tables, docs and TypeScript that come from the rows of the op table and the error codes (crates/xtask).
import { fail, isMain, run } from './lib/run.mjs'
import { builtProgram, cargo } from './lib/cargo.mjs'

/** Writes all generated files; answers what failed, or null. */
export async function generate() {
  const { code } = await cargo(['build', '--release', '--quiet', '-p', 'xtask', '-p', 'loralib-node'])
  if (code !== 0) return 'crates/xtask did not build'
  return (await run(builtProgram('xtask'), ['gen'])).code === 0 ? null : 'xtask gen failed'
}

if (isMain(import.meta.url)) {
  const failed = await generate()
  if (failed) fail(`${failed}: the errors are above`)
}
