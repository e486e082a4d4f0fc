// node scripts/options.mjs: generates from the types of public functions and their interfaces of options in src/ the rules of the run-time checks, JSON Schema and a page of docs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readArgs } from './lib/args.mjs'
import { fail, inRoot, isMain } from './lib/run.mjs'
import { parameterRules, runtimeSignatures } from './options/calls.mjs'
import { openProgram, readFacts } from './options/facts.mjs'
import { jsonSchema, runtimeSchemas, SharedRules, tables } from './options/outputs.mjs'
import { readSignatures } from './options/signatures.mjs'

/** Writes all files; returns what is missing in the interfaces. */
export function writeOptions() {
  const program = openProgram()
  const signatures = readSignatures(program)
  const wanted = signatures.flatMap(({ parameters }) =>
    parameters.flatMap(({ options }) => (options?.interface ? [options.interface] : [])),
  )
  const { facts, problems } = readFacts(program, wanted)
  const optionRules = facts.flatMap(({ fields }) => fields.map(({ rule }) => rule))
  const rules = new SharedRules([...optionRules, ...parameterRules(signatures)])
  const files = {
    'src/generated/rules.ts': rules.module(),
    'src/generated/options.ts': runtimeSchemas(facts, rules),
    'src/generated/signatures.ts': runtimeSignatures(signatures, rules),
    'schemas/options.json': jsonSchema(facts),
    'docs/options.md': tables(facts),
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(inRoot(path)), { recursive: true })
    writeFileSync(inRoot(path), text)
  }
  return problems
}

if (isMain(import.meta.url)) {
  readArgs()
  const problems = writeOptions()
  if (problems.length > 0) fail(problems.join('\n'))
}
