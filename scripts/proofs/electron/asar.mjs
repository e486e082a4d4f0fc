// The app packed by @electron/asar, which electron-builder packs with, by the rules of electron-builder.cjs; run from there.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import asar from '@electron/asar'
import { CONFIG, contents, layInstalled, openPacked, pathOf, platformHere, running } from './packed.mjs'

export async function prove(check, { short }) {
  const own = platformHere()
  if (own === null) return 'no addon of this platform is built: npm run build'
  const home = mkdtempSync(join(tmpdir(), 'loralib-asar-'))
  try {
    const app = await layInstalled(home, own)
    const resources = await packInto(join(home, 'resources'), app, CONFIG.asarUnpack)
    contents(check, resources, app, own)
    await running(check, resources, own, short)
    await faults(check, home, app, own)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return null
}

async function packInto(resources, app, unpack) {
  mkdirSync(resources, { recursive: true })
  // A brace with one name in it is no choice, so there is always a second.
  await asar.createPackageWithOptions(app, join(resources, 'app.asar'), {
    unpackDir: `{${[...unpack.map(pathOf), 'none'].join(',')}}`,
  })
  for (const { from, to } of CONFIG.extraResources) cpSync(join(app, from), join(resources, to), { recursive: true })
  return resources
}

/** What users of packers run into: the window must say it. */
async function faults(check, home, app, own) {
  rmSync(join(app, 'node_modules/@loralib', own), { recursive: true })
  const lacking = await openPacked(await packInto(join(home, 'lacking'), app, CONFIG.asarUnpack))
  const { problem } = await lacking.until(({ trainer }) => trainer === 'gone')
  lacking.close()
  check(
    `without the platform's package: ${problem?.what}: ${problem?.why} ${problem?.fix}`,
    /cannot be started/.test(problem?.what) && problem.fix.includes(`@loralib/${own}`),
  )
  const packed = await openPacked(await packInto(join(home, 'packed'), app, []), { quiet: true })
  const { problem: other, trainer } = await packed.until((state) => state.trainer === 'gone')
  packed.close()
  check(`with nothing unpacked: ${other?.what}`, trainer === 'gone' && /crashed 3 times/.test(other?.what))
}
