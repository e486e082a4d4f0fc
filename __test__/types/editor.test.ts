// What an editor shows of the public types, asked of TypeScript's language service; and that the files it shows are fit to be read.
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What is shown for an expression, as its kind, name and documentation. */
const HOVERS: readonly (readonly [expression: string, shown: RegExp, doc: RegExp])[] = [
  ['lora.Linear', /class Linear\n/, /A dense layer whose frozen weight gets a trainable low-rank update/],
  ['lora.nn.Linear', /class Linear\n/, /A dense layer: `y = x Wᵀ \+ bias`/],
  ['nn.Linear', /class Linear\n/, /A dense layer: `y = x Wᵀ \+ bias`/],
  ['lora.Embedding', /class Embedding\n/, /low-rank/],
  ['lora.nn.Embedding', /class Embedding\n/, /table/],
  ['lora.models.GPT2LMHeadModel', /class GPT2LMHeadModel\n/, /GPT-2 with a language-model head/],
  ['lora.optim.AdamW', /class AdamW\n/, /Adam with decoupled weight decay/],
  ['lora.train.trainClassifier', /function trainClassifier\(model: .*SequenceClassifier, /, /Trains a model to label/],
  ['lora.data.DataLoader', /class DataLoader<S, B = Collated<S>>\n/, /Batches of a dataset, epoch by epoch/],
  ['lora.Function', /class Function\n/, /An operation with a custom gradient/],
  ['lora.nn.functional.crossEntropy', /function crossEntropy\(logits: lora\.Tensor, /, /log softmax/],
  ['lora.generation.processors', /processors/, /^$/],
]
const EXPRESSIONS = HOVERS.map(([expression]) => expression)
const TEXT = `import * as lora from 'loralib'\nimport * as nn from 'loralib/nn'\n${EXPRESSIONS.join('\n')}\nlora.nn.`

/** An editor with one file open. A JavaScript file without a configuration has the options that editors give it. */
function editor(name: string) {
  const file = `${ROOT}__test__/types/${name}`
  const options: ts.CompilerOptions = {
    allowJs: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  }
  const read = (path: string) => (path === file ? TEXT : ts.sys.readFile(path))
  const service = ts.createLanguageService({
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = read(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => path === file || ts.sys.fileExists(path),
    readFile: read,
  })
  const text = (parts: ts.SymbolDisplayPart[] = []) => parts.map((part) => part.text).join('')
  return {
    hover(expression: string) {
      const found = service.getQuickInfoAtPosition(file, TEXT.indexOf(`\n${expression}\n`) + expression.length)
      return { shown: text(found?.displayParts), doc: text(found?.documentation) }
    },
    definition(expression: string) {
      const found = service.getDefinitionAtPosition(file, TEXT.indexOf(`\n${expression}\n`) + expression.length)
      return found?.map(({ fileName }) => fileName.slice(ROOT.length))
    },
    completions: () => service.getCompletionsAtPosition(file, TEXT.length, {})?.entries ?? [],
  }
}

for (const name of ['open.ts', 'open.js']) {
  test(`${name}: hovering shows each class and function under its own name, with its documentation`, (t) => {
    const open = editor(name)
    for (const [expression, shown, doc] of HOVERS) {
      const hover = open.hover(expression)
      t.regex(hover.shown, shown, expression)
      t.notRegex(hover.shown, /\$\d|index_d/, expression)
      t.regex(hover.doc, doc, expression)
    }
    t.deepEqual(open.definition('lora.Linear'), ['types/lora/linear.d.ts'])
    t.deepEqual(open.definition('lora.nn.Linear'), ['types/nn/linear.d.ts'])
    const members = open.completions().filter(({ kind }) => kind !== ts.ScriptElementKind.warning)
    const names = members.map((entry) => entry.name)
    for (const expected of ['Linear', 'Module', 'LayerNorm', 'functional', 'init']) t.true(names.includes(expected))
    t.deepEqual(
      names.filter((member) => !/^[A-Za-z]\w*$/.test(member)),
      [],
    )
  })
}

test('the declaration files hold no renamed declaration, no long line and nothing of Node', (t) => {
  const files = readdirSync(`${ROOT}types`, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )
  t.true(files.length > 100)
  for (const file of ['index.d.ts', ...files.map((below) => `types/${below}`)]) {
    const text = readFileSync(ROOT + file, 'utf8')
    t.notRegex(text, /\b\w+\$\d|index_d|from ['"]node:/, file)
    t.true(
      text.split('\n').every((line) => line.length <= 240),
      file,
    )
  }
  t.true(readFileSync(`${ROOT}index.d.ts`, 'utf8').split('\n').length < 150)
})
