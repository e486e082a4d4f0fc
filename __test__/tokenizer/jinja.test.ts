// Templates against Jinja2 3.1.6 with transformers' settings: what it gave is recorded in jinja.json by scripts/jinja/record.py.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Template, TemplateError } from '../../.cache/ts/tokenizer/jinja/template.js'

type Result = { text: string } | { error: string }
interface Recorded {
  variables: Record<string, unknown>
  expressions: [text: string, result: Result][]
  templates: [text: string, result: Result][]
  conversations: Record<string, unknown>[]
  chats: Record<string, [text: string, results: Result[]]>
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const recorded = JSON.parse(readFileSync(join(ROOT, '__test__/fixtures/jinja.json'), 'utf8')) as Recorded

const FUNCTIONS = {
  raise_exception: (message: string): never => {
    throw new TemplateError(message)
  },
  strftime_now: () => '26 Jul 2024',
}

function render(template: string, variables: Record<string, unknown>): Result {
  try {
    return { text: new Template(template).render({ ...FUNCTIONS, ...variables }) }
  } catch (error) {
    // An error of JavaScript would be a fault of the interpreter.
    return error instanceof TemplateError ? { error: error.message } : { error: `NOT OURS: ${String(error)}` }
  }
}

/** Texts must be equal; where Jinja2 has an error, there must be one. */
function check(t: ExecutionContext, template: string, got: Result, want: Result): void {
  if ('text' in want) t.deepEqual(got, want, template)
  else
    t.true(
      'error' in got && !got.error.startsWith('NOT OURS'),
      `${template}: ${JSON.stringify(got)}, not ${want.error}`,
    )
}

test('expressions print what they print in Python, or fail as there', (t) => {
  t.true(recorded.expressions.length > 550)
  for (const [text, want] of recorded.expressions) check(t, text, render(`{{ ${text} }}`, recorded.variables), want)
})

test('statements, scopes and white space are those of Jinja2', (t) => {
  t.true(recorded.templates.length > 120)
  for (const [text, want] of recorded.templates) check(t, text, render(text, recorded.variables), want)
})

for (const [name, [template, results]] of Object.entries(recorded.chats)) {
  test(`a chat template of the kind "${name}" on ${results.length} conversations`, (t) => {
    for (const [i, want] of results.entries())
      check(t, `${name} ${i}`, render(template, recorded.conversations[i]!), want)
  })
}

test('errors have the words of Jinja2 and Python, and a line where the template is not right', (t) => {
  const messages: [template: string, message: string][] = [
    ['{{ x.y }}', "'x' is undefined"],
    ['{{ d.nope.more }}', "'dict object' has no attribute 'nope'"],
    ["{{ 'a' + 1 }}", 'can only concatenate str (not "int") to str'],
    ['{{ l.append(1) }}', "access to attribute 'append' of 'list' object is unsafe."],
    ['{{ none.foo.bar }}', "'None' has no attribute 'foo'"],
    ['{{ 1[2].x }}', 'int object has no element 2'],
    ['{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m() }}', "parameter 'a' was not provided"],
    ['a\n{{ 1 | nope }}', "No filter named 'nope'."],
    ['a\n\n{% wrong %}', "line 3: Encountered unknown tag 'wrong'."],
    [
      '{% for i in l %}\n{% endif %}',
      "line 2: Encountered unknown tag 'endif'. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.",
    ],
  ]
  for (const [template, message] of messages)
    t.deepEqual(render(template, recorded.variables), { error: message }, template)
})

test('values of JavaScript: what JSON can hold, maps, big integers, functions; nothing of their own is reachable', (t) => {
  const text = (template: string, variables: Record<string, unknown>) => new Template(template).render(variables)
  t.is(text('{{ v }}', { v: new Map<unknown, unknown>([[1, 'a'], ['b', 2n ** 70n]]) }), "{1: 'a', 'b': 1180591620717411303424}") // prettier-ignore
  t.is(text('{{ v }}', { v: { a: undefined, b: [null, 1.5, -0] } }), "{'b': [None, 1.5, 0]}")
  t.is(text('{{ v is undefined }}{{ w is none }}', { v: undefined, w: null }), 'TrueTrue')
  t.is(text('{{ f(1, 2.5, k=[3]) }}', { f: (...args: unknown[]) => JSON.stringify(args) }), '[1,2.5,{"k":[3]}]')
  t.is(text('{{ v }}', { v: new Set(['a']) }), "['a']")
  t.is(text('{{ v }}', { v: new Date(0) }), '1970-01-01T00:00:00.000Z')
  for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty'])
    for (const value of ['v', 's', 'l', 'f', 'loop'])
      t.is(text(`{{ ${value}.${name} is defined }}`, { v: {}, s: '', l: [], f: () => 1, loop: 1 }), name === '__proto__' ? 'False' : 'False', `${value}.${name}`) // prettier-ignore
  const round: Record<string, unknown> = {}
  round['self'] = round
  t.throws(() => text('{{ v }}', { v: round }), { instanceOf: TemplateError })
})

test('hostile templates end in an error, and soon', (t) => {
  const started = performance.now()
  for (const template of [
    '{{ range(100001) }}',
    "{{ 'a' * 10 ** 9 }}",
    '{{ [0] * 10 ** 9 }}',
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`,
    `{{ ${'['.repeat(20_000)} }}`,
  ])
    t.throws(() => new Template(template).render({}), undefined, template.slice(0, 40))
  t.true(performance.now() - started < 10_000)
})
