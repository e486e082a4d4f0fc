// npm run test:nodes [-- VERSION ...]: all tests of __test__/ under several versions of Node, one table at the end. Not part of CI: it takes the time of
// the tests for each version, and fetches the binaries, npm packages of about 100 MB each, into .cache/nodes.
//
// A version is a major one, pinned in lib/nodes.mjs, or an exact one.
import { setup } from './setup.mjs'
import { NODES, nodeBinary } from './lib/nodes.mjs'
import { ask, duration, fail, say } from './lib/run.mjs'
import { compileTests, runAva } from './lib/suites.mjs'
import { aligned } from './lib/table.mjs'

process.exitCode = await main(process.argv.slice(2))

async function main(names) {
  const versions = (names.length > 0 ? names : Object.keys(NODES)).map((name) => NODES[name] ?? name)
  const wrong = versions.find((version) => !/^\d+\.\d+\.\d+$/.test(version))
  if (wrong) fail(`no such version: ${wrong}; name ${Object.keys(NODES).join(', ')}, or an exact one such as 22.12.0`)
  await setup()
  const stale = await compileTests()
  if (stale) fail(stale)
  const rows = []
  for (const version of versions) rows.push(await testUnder(version))
  table(rows)
  return rows.every(({ ok }) => ok) ? 0 : 1
}

async function testUnder(version) {
  const node = await nodeBinary(version)
  const found = ask(node)
  if (found !== `v${version}`) fail(`${node} says that it is ${found}, not v${version}`)
  say(`Node ${version} ...`)
  const started = performance.now()
  const { passed, failed, crashed, note, failures } = await runAva({ node })
  const time = duration(performance.now() - started)
  for (const title of failures) console.log(`   failed: ${title}`)
  return { version, passed, failed, note, time, ok: failed === 0 && !crashed }
}

function table(rows) {
  const cells = [
    ['Node', 'passed', 'failed', 'time', ''],
    ...rows.map(({ version, passed, failed, time, note, ok }) => [
      version,
      passed,
      failed,
      time,
      ok ? note : `FAILED, ${note}`,
    ]),
  ].map((row) => row.map(String))
  console.log(aligned(cells))
}
