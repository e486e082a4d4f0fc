// Runs the cases of a fixture folder against the package, through its public API only.
//
//   node scripts/conformance.mjs DIR [--group G[,G]] [--kind K[,K]] [--case ID] [--json]
//
// Prints per group how many cases passed, failed and are not supported yet, and the worst error as a share of the allowed
// one. Exit code 1: a case failed, a file is missing or altered, or a kind, group or case id is unknown.
import { parseArgs } from 'node:util'

const USAGE = 'usage: node scripts/conformance.mjs DIR [--group G[,G]] [--kind K[,K]] [--case ID[,ID]] [--json]'

const options = {
  group: { type: 'string', multiple: true },
  kind: { type: 'string', multiple: true },
  case: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

process.exitCode = await main(process.argv.slice(2))

async function main(args) {
  const json = args.includes('--json')
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    if (values.help) {
      console.log(USAGE)
      return 0
    }
    if (positionals.length !== 1) throw Object.assign(new Error(USAGE), { code: 'ERR_PARSE_ARGS' })
    return await run(positionals[0], values)
  } catch (error) {
    console.error(explain(error))
    if (json) console.log(JSON.stringify({ groups: {}, failed: [] }))
    return 1
  }
}

async function run(dir, values) {
  const { readManifest } = await import('./conformance/manifest.mjs')
  const { isKnownKind } = await import('./conformance/kinds.mjs')
  const { selectCases } = await import('./conformance/select.mjs')
  const { runCase } = await import('./conformance/run.mjs')
  const report = await import('./conformance/report.mjs')

  const manifest = readManifest(dir)
  const cases = selectCases(manifest, values, isKnownKind)
  const results = []
  for (const entry of cases) results.push(await runCase(manifest, entry))
  const summary = report.summarise(results)
  const print = values.json ? console.error : console.log
  for (const line of report.failureLines(results)) print(line)
  for (const line of report.unsupportedLines(results)) print(line)
  print(report.asTable(summary))
  if (values.json) console.log(report.asJson(summary))
  return summary.failed.length === 0 ? 0 : 1
}

function explain(error) {
  if (error.code === 'ERR_MODULE_NOT_FOUND') return `${error.message}\nThe package is not built: npm run build`
  return error.name === 'FixtureError' || error.code?.startsWith('ERR_PARSE_ARGS') ? error.message : error.stack
}
