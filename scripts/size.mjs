// npm run size: the size of the npm package, against its budget. The addon is counted separately: it will be in packages per platform.
import { statSync } from 'node:fs'
import { readArgs } from './lib/args.mjs'
import { inRoot, isMain, must, run } from './lib/run.mjs'
import { addonFile } from './lib/stamp.mjs'

const budget = { packageBytes: 2.5 * (1 << 20), addonBytes: 40 << 20 }
const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(2)} MB`

export async function sizeCheck() {
  const npm = process.env.npm_execpath
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']
  const { out } = await (npm
    ? must(process.execPath, [npm, ...args], { show: false })
    : must('npm', args, { show: false, shell: process.platform === 'win32' }))
  const files = JSON.parse(out)[0].files.filter(({ path }) => !path.endsWith('.node'))
  const packageBytes = files.reduce((sum, { size }) => sum + size, 0)
  const addon = addonFile()
  // Without its symbol tables, as it will be published.
  const addonBytes = addon ? await strippedSize(addon) : 0
  const odd = files
    .map(({ path }) => path)
    .filter(
      (path) =>
        !/^(dist\/\w+\.js|schemas\/options\.json|(index|types\/.+)\.d\.ts|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(
          path,
        ),
    )
  odd.forEach((path) => console.error(`   does not belong into the package: ${path}`))
  const note = `package ${megabytes(packageBytes)} in ${files.length} files (at most ${megabytes(budget.packageBytes)}), addon ${megabytes(addonBytes)} (at most ${megabytes(budget.addonBytes)})`
  return { ok: !odd.length && packageBytes <= budget.packageBytes && addonBytes <= budget.addonBytes, note }
}

async function strippedSize(addon) {
  const copy = inRoot('.cache/stripped.node')
  const { code } = await run('strip', ['-o', copy, addon], { show: false })
  return statSync(code === 0 ? copy : inRoot(addon)).size
}

if (isMain(import.meta.url)) {
  readArgs()
  const { ok, note } = await sizeCheck()
  console.log(note)
  process.exitCode = ok ? 0 : 1
}
