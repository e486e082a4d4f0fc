// npm run size: the tarballs of the package and of this platform's package, as npm sends them, against their budgets, and what may be in them.
import { readArgs } from './lib/args.mjs'
import { inRoot, isMain, run } from './lib/run.mjs'
import { packAll } from './pack.mjs'

/** Bytes of the tarballs. */
const BUDGETS = { package: 1 << 20, addon: 8 << 20 }
const ALLOWED = {
  package:
    /^package\/(dist\/\w+\.js|schemas\/options\.json|(index|types\/.+)\.d\.ts|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  addon: /^package\/(loralib\.[\w-]+\.node|package\.json|README\.md|LICENSE)$/,
}
const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(2)} MB`

export async function sizeCheck() {
  const notes = []
  let ok = true
  for (const { name, file, bytes, unpackedBytes } of await packAll({ out: inRoot('.cache/size') })) {
    const kind = name === 'loralib' ? 'package' : 'addon'
    const { out } = await run('tar', ['-tzf', file], { show: false })
    const odd = out.split('\n').filter((path) => path && !ALLOWED[kind].test(path))
    odd.forEach((path) => console.error(`   does not belong into ${name}: ${path}`))
    if (out === '' || odd.length > 0 || bytes > BUDGETS[kind]) ok = false
    notes.push(
      `${name} ${megabytes(bytes)} packed (at most ${megabytes(BUDGETS[kind])}), ${megabytes(unpackedBytes)} unpacked`,
    )
  }
  return { ok, note: notes.join('; ') }
}

if (isMain(import.meta.url)) {
  readArgs()
  const { ok, note } = await sizeCheck()
  console.log(note)
  process.exitCode = ok ? 0 : 1
}
