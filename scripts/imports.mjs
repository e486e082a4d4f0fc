// npm run imports: the rules of .dependency-cruiser.mjs on src, and on a small source tree that breaks each of them once.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readArgs } from './lib/args.mjs'
import { fail, isMain, root } from './lib/run.mjs'

/** The violations of the rules in a source tree: `{rule, comment, from, to}`. */
async function violations(folder) {
  // Not at the top: the scripts that build the package work without development packages.
  const [{ cruise }, { default: ts }, { default: config }] = await Promise.all([
    import('dependency-cruiser'),
    import('typescript'),
    import('../.dependency-cruiser.mjs'),
  ])
  const { forbidden, options } = config
  // Without a file name, TypeScript calls the source module.ts, takes an import of './module.js' for the file itself, and fails.
  const transpile = {
    tsConfig: {
      fileName: '_.ts',
      options: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    },
  }
  const cruised = await cruise(
    ['src'],
    { ...options, baseDir: folder, validate: true, ruleSet: { forbidden } },
    undefined,
    transpile,
  )
  const { violations: found, totalCruised } = cruised.output.summary
  const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]))
  return {
    files: totalCruised,
    rules: [...comments.keys()],
    found: found.map(({ rule, from, to, cycle }) => ({
      rule: rule.name,
      comment: comments.get(rule.name),
      from,
      to: cycle ? cycle.map(({ name }) => name).join(' → ') : to,
    })),
  }
}

/** Sources that break a rule each, by the name of the rule that must report it; null for none. */
const SAMPLES = [
  ['src/tensor/upward.ts', `import '../nn/module.js'`, 'layer-tensor'],
  ['src/io/sideways.ts', `import '../nn/module.js'`, 'layer-io'],
  ['src/nn/downward.ts', `import { a } from '../native/env.js'\nexport const b = a`, null],
  ['src/nn/types.ts', `import type { T } from '../train/run.js'\nexport const x: T = 1`, null],
  ['src/errors.ts', `import './native/env.js'`, 'layer-errors'],
  ['src/generated/error-codes.ts', `import 'node:fs'`, 'error-codes-is-data'],
  ['src/loose.ts', `import './native/env.js'`, 'a-folder-for-every-file'],
  ['src/helpers/folder.ts', `import '../native/env.js'`, 'a-folder-for-every-file'],
  ['src/optim/addon.ts', `import '../native/load.js'`, 'addon-in-native-only'],
  ['src/lora/a.ts', `import { b } from './b.js'\nexport const a = () => b`, 'no-cycle-of-files'],
  ['src/lora/b.ts', `import { a } from './a.js'\nexport const b = () => a`, null],
  ['src/nn/functional/above.ts', `import '../module.js'`, 'no-import-of-the-folder-above'],
  ['src/models/in/x.ts', `import '../out/y.js'`, 'no-cycle-of-folders'],
  ['src/models/out/y.ts', ``, null],
  ['src/models/out/z.ts', `import '../in/w.js'`, 'no-cycle-of-folders'],
  ['src/models/in/w.ts', ``, null],
  ['src/data/lost.ts', `import './nowhere.js'`, 'resolvable'],
  ['src/nn/module.ts', ``, null],
  // The default name that TypeScript gives to sources.
  ['src/nn/named.ts', `import { Module } from './module.js'\nexport class Named extends Module {}`, null],
  ['src/native/load.ts', ``, null],
  ['src/native/env.ts', `export const a = 1`, null],
  ['src/train/run.ts', `export type T = number`, null],
]

/** Checks that every kind of rule catches what it must, and nothing else. Returns what went wrong. */
export async function selfTest() {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-imports-'))
  try {
    for (const [file, source] of SAMPLES) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), `${source}\n`)
    }
    const { found, rules } = await violations(folder)
    const expected = new Set(SAMPLES.map(([, , rule]) => rule).filter(Boolean))
    const untried = rules.filter((rule) => !rule.startsWith('layer-') && !expected.has(rule))
    const inFolder = ({ from }, file) => from === file || file.startsWith(`${from}/`)
    const missed = SAMPLES.filter(
      ([file, , rule]) => rule && !found.some((each) => each.rule === rule && inFolder(each, file)),
    )
    const wrong = found.filter((each) => !SAMPLES.some(([file, , rule]) => rule === each.rule && inFolder(each, file)))
    return [
      ...untried.map((rule) => `self-test: no sample breaks ${rule}`),
      ...missed.map(([file, , rule]) => `self-test: ${rule} does not see ${file}`),
      ...wrong.map(({ rule, from, to }) => `self-test: ${rule} sees a fault in ${from} → ${to}`),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** All violations in src, one line each. */
export async function importFindings() {
  const { found, files } = await violations(root)
  // A pattern that matches nothing would find nothing either.
  if (files < 100) return [`only ${files} files of src were seen`]
  return found.map(({ rule, comment, from, to }) => `${from} → ${to}\n      ${rule}: ${comment}`)
}

if (isMain(import.meta.url)) {
  readArgs()
  const problems = [...(await selfTest()), ...(await importFindings())]
  if (problems.length) fail(problems.join('\n'))
  console.log('the imports of src keep to .dependency-cruiser.mjs')
}
