// node scripts/options.mjs: generates from the interfaces of options in src/ the rules of the run-time check, JSON Schema and a page of docs.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readArgs } from './lib/args.mjs'
import { fail, inRoot, isMain } from './lib/run.mjs'
import { readFacts } from './options/facts.mjs'
import { jsonSchema, runtimeSchemas, tables } from './options/outputs.mjs'

/** Writes all three files; returns what is missing in the interfaces. */
export function writeOptions() {
  const { facts, problems } = readFacts()
  const files = {
    'src/generated/options.ts': runtimeSchemas(facts),
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
