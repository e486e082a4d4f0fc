// The code of README.md and of docs/ under TypeScript's strict rules: what a user who copies it sees in an editor. That it runs is tested in docs/.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import ts from 'typescript'
import { PAGE, PRELUDE, codeOf, sections } from '../support/porting-page.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PORTING = 'docs/porting-from-loralib.md'

/** Names that the code of a page takes for granted. */
const BEFORE: Record<string, string> = {
  'docs/debugging.md': "import * as lora from 'loralib'\n",
  'docs/hub.md':
    "const [premises, hypotheses] = [['a'], ['b']]\nconst messages = [{ role: 'user', content: 'Hello' }]\nconst encoder = lora.models.BertModel.fromConfig({})\n",
}

/** Programs by the name under which their errors are shown. Blocks that begin with a file's name are files of their own. */
function programs(): Map<string, string> {
  const found = new Map<string, string>()
  const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)] // prettier-ignore
  for (const page of pages.filter((name) => name !== PORTING)) {
    const blocks = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```(?:js|ts)\n([^]*?)^```$/gm)].map(([, text]) => text!) // prettier-ignore
    const files = blocks.filter((text) => /^\/\/ \S+\.mjs\n/.test(text))
    for (const text of files) found.set(`${page} ${/\S+\.mjs/.exec(text)![0]}`, text)
    const rest = blocks.filter((text) => !files.includes(text))
    if (rest.length > 0) found.set(page, `${BEFORE[page] ?? ''}${rest.join('\n')}`)
  }
  for (const section of sections(PAGE))
    found.set(`${PORTING}, ${section.title}`, `${PRELUDE}\n{\n${codeOf(section)}\n}\n`)
  return found
}

/** What strict TypeScript says of programs in JavaScript, a line for each error. */
function errorsOf(all: ReadonlyMap<string, string>): string[] {
  const names = [...all.keys()]
  const paths = names.map((_, i) => join(ROOT, '__test__/types', `snippet-${i}.js`))
  const texts = new Map(names.map((name, i) => [paths[i]!, `${all.get(name)}\nexport {}\n`]))
  const options: ts.CompilerOptions = {
    ...{ strict: true, allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    // JavaScript has no place for the types of parameters.
    noImplicitAny: false,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path)
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path)
  const getSourceFile = host.getSourceFile.bind(host)
  host.getSourceFile = (path, version, ...rest) =>
    texts.has(path) ? ts.createSourceFile(path, texts.get(path)!, version) : getSourceFile(path, version, ...rest)
  const program = ts.createProgram(paths, options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (!file) return message
    const { line } = file.getLineAndCharacterOfPosition(start)
    return `${names[paths.indexOf(file.fileName)] ?? file.fileName}: ${file.text.split('\n')[line]!.trim()}\n    ${message}`
  })
}

test('README and docs: the code compiles under tsc --strict', (t) => {
  const all = programs()
  t.true(all.size > 25, String(all.size))
  for (const page of ['README.md', 'docs/quickstart.md', 'docs/generation.md', 'docs/serving.md', 'docs/serving.md trainer.mjs']) t.true(all.has(page), page) // prettier-ignore
  t.deepEqual(errorsOf(all), [])
})

test('the check sees what is wrong', (t) => {
  const errors = errorsOf(
    new Map([
      ['good', "import * as lora from 'loralib'\nlora.zeros([2]).sum().backward()"],
      ['no such option', "import * as lora from 'loralib'\nnew lora.Linear(2, 2, { lora_alpha: 2 })"],
      ['may be null', "import * as lora from 'loralib'\nlora.zeros([2]).grad.sum()"],
      ['no such name', "import * as lora from 'loralib'\nlora.nothing()"],
    ]),
  )
  t.deepEqual(
    errors.map((error) => error.split(':')[0]),
    ['no such option', 'may be null', 'no such name'],
  )
})

test('every model whose forward takes labels gives a loss that is there', (t) => {
  const path = join(ROOT, 'index.d.ts')
  const program = ts.createProgram([path], { noLib: true, types: [], strict: true })
  const checker = program.getTypeChecker()
  const exportsOf = (symbol: ts.Symbol) => checker.getExportsOfModule(symbol)
  const resolved = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol) // prettier-ignore
  const root = checker.getSymbolAtLocation(program.getSourceFile(path)!)!
  const models = resolved(exportsOf(root).find(({ name }) => name === 'models')!)
  const classes = exportsOf(models).map(resolved).filter(({ flags }) => flags & ts.SymbolFlags.Class) // prettier-ignore
  const checked: string[] = []
  for (const found of classes) {
    const type = checker.getDeclaredTypeOfSymbol(found)
    const forward = type.getProperty('forward')
    if (!forward) continue
    const signatures = checker.getTypeOfSymbol(forward).getCallSignatures()
    const optionsOf = (signature: ts.Signature) =>
      signature.parameters[1] && checker.getNonNullableType(checker.getTypeOfSymbol(signature.parameters[1]))
    if (!signatures.some((signature) => optionsOf(signature)?.getProperty('labels'))) continue
    checked.push(found.name)
    const first = signatures[0]!
    const labels = optionsOf(first)!.getProperty('labels')!
    t.falsy(labels.flags & ts.SymbolFlags.Optional, `${found.name}: the first overload of forward needs labels`)
    const loss = checker.getTypeOfSymbol(first.getReturnType().getProperty('loss')!)
    t.is(checker.typeToString(loss), 'Tensor', found.name)
  }
  t.true(checked.length > 15, checked.join())
  for (const name of ['GPT2LMHeadModel', 'LlamaForCausalLM', 'BertForMaskedLM', 'RobertaForSequenceClassification']) t.true(checked.includes(name), name) // prettier-ignore
})
