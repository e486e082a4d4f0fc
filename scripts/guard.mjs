// npm run guard [-- --self-test]: every function that the addon exports must catch panics.
// A panic in a `#[napi]` function without `catch_unwind` ends the whole Node process; napi has no switch for all of them at once.
// It also fails when candle-nn enters Cargo.lock: some of its ops cut the graph silently.
import { readFileSync } from 'node:fs'
import { flag, readArgs } from './lib/args.mjs'
import { fail, inRoot, isMain } from './lib/run.mjs'
import { filesBelow } from './lib/stamp.mjs'

/** Blanks comments and strings, keeping every offset, so that neither can hide or fake an attribute. */
function withoutComments(source) {
  const blank = (text) => text.replace(/[^\n]/g, ' ')
  return source.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])'|r(#+)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"/g,
    blank,
  )
}

/** The offset just after the bracket that closes the one at `open`. */
function closing(code, open) {
  let depth = 0
  for (let i = open; i < code.length; i++) {
    if (code[i] === '[') depth++
    else if (code[i] === ']' && --depth === 0) return i + 1
  }
  return code.length
}

/** Exported functions in Rust source that do not catch panics, as `{line, text}`. */
export function unguarded(source) {
  const code = withoutComments(source)
  const findings = []
  const attribute = /#\s*\[/g
  for (let match; (match = attribute.exec(code));) {
    const end = closing(code, match.index + match[0].length - 1)
    const body = code.slice(match.index, end)
    if (!/^#\s*\[\s*(?:napi_derive\s*::\s*)?napi\b/.test(body) && !/\bcfg_attr\b[\s\S]*\bnapi\b/.test(body)) continue
    let item = end
    for (let next; (next = /^\s*#\s*\[/.exec(code.slice(item)));) item = closing(code, item + next[0].length - 1)
    const isFunction = /^\s*(?:pub\s*(?:\([^)]*\))?\s*)?(?:(?:default|const|async|unsafe)\s+)*(?:extern\s*)?fn\b/.test(
      code.slice(item),
    )
    if (!isFunction || /\bcatch_unwind\b/.test(body)) continue
    findings.push({
      line: code.slice(0, match.index).split('\n').length,
      text: source.slice(item).trim().split('\n')[0],
    })
  }
  return findings
}

/** All problems in crates/node and Cargo.lock, one line each. */
export function guardFindings() {
  const exported = filesBelow(['crates/node/src'], (file) => file.endsWith('.rs')).flatMap((file) =>
    unguarded(readFileSync(inRoot(file), 'utf8')).map(({ line, text }) => `${file}:${line}: no catch_unwind: ${text}`),
  )
  const candleNn = /name = "candle-nn"/.test(readFileSync(inRoot('Cargo.lock'), 'utf8'))
  return candleNn ? [...exported, 'Cargo.lock: candle-nn is not allowed (see clippy.toml)'] : exported
}

/** Checks that the guard detects what it must, and nothing else. Returns what went wrong. */
export function selfTest() {
  const bad = [
    '#[napi]\npub fn a() {}',
    '#[napi(js_name = "b")]\npub fn b() {}',
    '#[napi(constructor)]\n/// docs\n#[must_use]\npub fn new() -> Self {}',
    '#[napi(\n  getter,\n  js_name = "catch_unwind"\n)]\npub(crate) fn c(&self) {}',
    '#[napi] // catch_unwind\npub async unsafe fn d() {}',
    '#[napi_derive::napi]\nfn e() {}',
    '#[cfg_attr(feature = "node", napi)]\npub fn f() {}',
    'let s = r#"#[napi(catch_unwind)]"#;\n#[napi(factory)] pub fn g() {}',
  ]
  const good = [
    '#[napi(catch_unwind)]\npub fn a() {}',
    '#[napi(constructor, catch_unwind)]\n/// docs\npub fn new() -> Self {}',
    '#[napi]\npub struct S { pub a: u32 }',
    '#[napi]\nimpl S {\n  #[napi(getter, catch_unwind)]\n  pub fn a(&self) {}\n}',
    '// #[napi]\nfn a() {}',
    'let s = "#[napi]"; fn a() {}',
    "let quote = '\"';\n// #[napi]\nfn a() {}",
  ]
  return [
    ...bad.filter((source) => unguarded(source).length !== 1).map((source) => `not caught: ${source}`),
    ...good.filter((source) => unguarded(source).length !== 0).map((source) => `wrongly caught: ${source}`),
  ]
}

if (isMain(import.meta.url)) {
  const isSelfTest = readArgs({ options: { 'self-test': flag } }).values['self-test']
  const problems = isSelfTest ? selfTest() : guardFindings()
  if (problems.length) fail(problems.join('\n'))
  console.log(
    isSelfTest ? 'guard: 8 unguarded samples caught, 7 sound ones left alone' : 'guard: every export catches panics',
  )
}
