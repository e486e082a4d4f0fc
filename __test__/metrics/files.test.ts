// Files of outputs and references in their layouts, and the commands that score them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { FileError, FormatError, metrics } from 'loralib'
import { removeFolder } from '../support/files.js'

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'loralib-scores-'))
test.after.always(() => removeFolder(folder))

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

test('readHypotheses: a line each, empty ones too; a byte order mark and Windows line ends go', async (t) => {
  t.deepEqual(await metrics.readHypotheses(file('a.txt', 'one\n\n three \n')), ['one', '', 'three'])
  t.deepEqual(await metrics.readHypotheses(file('b.txt', '\uFEFFone\r\ncafé')), ['one', 'café'])
  await t.throwsAsync(metrics.readHypotheses(file('c.txt', '')), { instanceOf: FileError, message: /c\.txt/ })
  await t.throwsAsync(metrics.readHypotheses(join(folder, 'none')), { instanceOf: FileError, message: /none/ })
  const latin = file('d.txt', Buffer.from('good\nca\xe9\n', 'latin1'))
  await t.throwsAsync(metrics.readHypotheses(latin), { instanceOf: FormatError, message: /d\.txt, row 2/ })
})

test('readReferences: blank lines between, one per line, several files, a folder, a beginning', async (t) => {
  t.deepEqual(await metrics.readReferences(file('e2e.txt', 'a\nb\n\nc\n\n')), [['a', 'b'], ['c']])
  t.deepEqual(await metrics.readReferences(file('one.txt', 'a\nb\n')), [['a'], ['b']])
  const paths = [file('refs/reference0', 'a\nb\n'), file('refs/reference1', 'c\n\n')]
  const want = [['a', 'c'], ['b']]
  t.deepEqual(await metrics.readReferences(paths), want)
  t.deepEqual(await metrics.readReferences(join(folder, 'refs')), want)
  t.deepEqual(await metrics.readReferences(join(folder, 'refs', 'reference')), want)
})

test('readReferences: what does not go together is refused by name', async (t) => {
  const short = [file('x0', 'a\nb\n'), file('x1', 'c\n')]
  await t.throwsAsync(metrics.readReferences(short), {
    instanceOf: FormatError,
    message: /x1: the number of lines differs/,
  })
  const empty = [file('y0', 'a\n\n'), file('y1', 'c\n\n')]
  await t.throwsAsync(metrics.readReferences(empty), { instanceOf: FormatError, message: /y0, line 2/ })
  await t.throwsAsync(metrics.readReferences(join(folder, 'nothing')), { instanceOf: FileError, message: /nothing/ })
})

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(EXAMPLES, args[0]!), ...args.slice(1)], { encoding: 'utf8' })
}

test('examples/nlg/score.mjs: a table, or JSON; wrong use is explained', (t) => {
  const [hyp, ref] = [file('hyp.txt', 'a cheap pub\nthe cat\n'), file('ref.txt', 'a cheap pub\n\na cat\nthe cat sat\n')]
  const shown = run('nlg/score.mjs', '--hyp', hyp, '--ref', ref, '--metrics', 'bleu, ter,meteor', '--wordnet', 'none')
  t.is(shown.status, 0, shown.stderr)
  t.regex(shown.stdout, /^2 outputs, 3 references\n\nscore .*\nbleu +0\.\d{4} .*\nter +\d+\.\d\d .*\nmeteor +0\.\d{4} /)
  const json = run('nlg/score.mjs', '--hyp', hyp, '--ref', ref, '--metrics', 'chrf', '--json')
  t.true(JSON.parse(json.stdout).chrf > 50)
  const wrong: [string[], RegExp][] = [
    [['--hyp', hyp], /--hyp and --ref are needed/],
    [['--hyp', hyp, '--ref', ref, '--metrics', 'blue'], /write 'bleu'/],
    [['--hyp', hyp, '--ref', hyp, '--metrics', 'meteor', '--wordnet', folder], /index\.noun/],
    [['--hypotheses', hyp], /Unknown option/],
  ]
  for (const [args, pattern] of wrong) {
    const { status, stderr } = run('nlg/score.mjs', ...args)
    t.is(status, 1)
    t.regex(stderr, pattern)
    t.notRegex(stderr, /\n +at /)
  }
})

test('examples/glue/score.mjs: scores of a task from two files', (t) => {
  const predictions = file('p.tsv', 'index\tprediction\n0\tentailment\n1\tnot_entailment\n2\tentailment\n')
  const labels = file('l.tsv', '0\n1\n1\n')
  const classes = ['--classes', 'entailment,not_entailment']
  const shown = run('glue/score.mjs', '--task', 'rte', '--predictions', predictions, '--labels', labels, ...classes)
  t.is(shown.status, 0, shown.stderr)
  t.regex(shown.stdout, /^score +rte\naccuracy +0\.6667\n$/)
  const bad = run('glue/score.mjs', '--task', 'rte', '--predictions', file('q.tsv', '1\nx\n'), '--labels', labels)
  t.is(bad.status, 1)
  t.regex(bad.stderr, /q\.tsv, line 2/)
})
