// Proves that a broken installation of the package says what is wrong and what to do, and that the process lives on.
//
//   npm run proof:loader [-- --only NAME,NAME]
//
// An installation is made as npm makes it: the folders of the packages in node_modules. Each case breaks one, and imports the package in a process of its own:
// caught, the error has a code, names what it must, and the process goes on and ends with 0; not caught, the process ends with 1 and the message is on stderr.
// Some cases are odd but right, and must work. The message of each is printed. A case that this machine can't make says why and what it lacks, and counts as
// not run. Exit code 1 when something does not hold.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag, readArgs, readNames, text } from '../lib/args.mjs'
import { inRoot } from '../lib/run.mjs'
import { packAll } from '../pack.mjs'
import { checks } from './lib/report.mjs'
import { CASES } from './loader/cases.mjs'
import { hostPlatform } from './loader/parts.mjs'
import { importIn } from './loader/programs.mjs'

// Outside the repository, whose name is that of the package: Node would find the package itself there.
const FOLDER = mkdtempSync(join(tmpdir(), 'loralib-loader-'))
chmodSync(FOLDER, 0o755)
const { only, short } = readArgs({ options: { only: text, short: flag } }).values
const names = readNames(only, 'case', Object.keys(CASES))

const cleanUp = []
process.once('exit', () => {
  for (const each of cleanUp) each()
  rmSync(FOLDER, { recursive: true, force: true })
})
const packages = join(FOLDER, 'packages')
await packAll({ out: packages, only: ['loralib', hostPlatform()] })

const check = checks()
let left = 0
for (const [name, { make, says, run = {} }] of Object.entries(CASES)) {
  if (names && !names.includes(name)) continue
  const folder = join(FOLDER, name.replace(/\W+/g, '-'))
  install(folder)
  const why = await make(folder, cleanUp)
  if (typeof why === 'string') {
    left += 1
    console.log(`not run ${name}: ${why}`)
    continue
  }
  const caught = await importIn(folder, { ...run, isCaught: true })
  if (says === null) {
    check(
      `${name}: it works${caught.warnings ? `, with the warning: ${caught.warnings.trim()}` : ''}`,
      caught.works && caught.code === 0,
      caught.text,
    )
    if (run.warns) check(`${name}: the warning`, run.warns.test(caught.warnings), String(run.warns))
    continue
  }
  const message = caught.message ?? caught.text
  check(
    `${name}\n${message.replace(/^/gm, '        ')}`,
    says.every((part) => part.test(message)),
    says.join(' '),
  )
  check(
    `${name}: code ${caught.errorCode}, alive afterwards, exit code ${caught.code}`,
    caught.errorCode === (run.code ?? 'ERR_LORA_UNSUPPORTED') && caught.isAlive && caught.code === 0,
  )
  // In the short form, one process for each case.
  if (short) continue
  const thrown = await importIn(folder, { ...run, isCaught: false })
  check(
    `${name}: not caught, exit code ${thrown.code}`,
    thrown.code === 1 && says.every((part) => part.test(thrown.errors)),
    '1, and the message on stderr',
  )
}
if (left > 0) console.log(`${left} not run`)
check.end()

/** An installation as npm makes it: the package, its dependencies, the package of this platform. */
function install(folder) {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@loralib'), { recursive: true })
  cpSync(join(packages, 'stage/loralib'), join(modules, 'loralib'), { recursive: true })
  cpSync(join(packages, 'stage', hostPlatform()), join(modules, '@loralib', hostPlatform()), { recursive: true })
  for (const name of ['csv-parse', 'hyparquet'])
    cpSync(inRoot('node_modules', name), join(modules, name), { recursive: true })
}
