// Each example runs as it stands, in a folder of its own, and says what it is there to show.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const MOST_LINES = 60
/** Longer by the factor that proof:platforms sets under an emulator. */
const LIMIT_MS = 120_000 * Number(process.env['LORALIB_TEST_SLOW'] ?? 1)

/** What each example must print. The quickstart has tests of its own. */
const SAYS: Record<string, RegExp[]> = {
  '02-two-step-checkpoint.mjs': [/ckpt_lora\.safetensors +\d+\.\d kB +first\.weight/, /of the two models: 0$/],
  '03-existing-model.mjs': [
    /^area: a new head and LoRA +2,178 +2\.3 % +9\d/m,
    /^base +changed by 0 /m,
    /LoRA layers left: 0$/,
  ],
  '04-digits.mjs': [/^LoRA r 4, head +11,013 +11\.8 % +9\d\.\d %/m, /: yes$/],
  '05-new-words.mjs': [/^center .* centre /m, /largest change of a score: 0$/],
  '06-many-tasks.mjs': [/^mirrored +\S+ kB +\S+ % +[89]\d\.\d %/m, /when an adapter comes back: +0$/],
}

function run(example: string, cwd: string): Promise<{ code: number | null; out: string; errors: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(EXAMPLES, example)], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    let [out, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, out: out.trimEnd(), errors })
    })
  })
}

const numbered = readdirSync(EXAMPLES).filter((name) => /^\d\d-.*\.mjs$/.test(name))

test(`examples: at most ${MOST_LINES} lines, each in the list of examples/README.md and in this one`, (t) => {
  const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8')
  t.deepEqual(Object.keys(SAYS).toSorted(), numbered.filter((name) => !name.startsWith('01-')).toSorted())
  for (const name of numbered) {
    const lines = readFileSync(join(EXAMPLES, name), 'utf8').split('\n').length - 1
    t.true(lines <= MOST_LINES, `${name}: ${lines} lines`)
    t.true(readme.includes(`(${name})`), `${name} is not in README.md`)
  }
})

for (const [example, says] of Object.entries(SAYS)) {
  test.serial(`examples: ${example}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'loralib-example-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    const { code, out, errors } = await run(example, folder)
    t.is(code, 0, out + errors)
    for (const pattern of says) t.regex(out, pattern)
    t.notRegex(out, /NaN|undefined|Infinity/)
  })
}
