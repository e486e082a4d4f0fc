// The app packed by @electron/asar, which electron-builder packs with, by the rules of electron-builder.cjs; run from there.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import asar from '@electron/asar'
import { CONFIG, contents, layInstalled, openPacked, pathOf, platformHere, running } from './packed.mjs'

/** Source: @electron-forge/plugin-auto-unpack-natives 7.11.2. */
const FORGE_UNPACKS = '**/{.**,**}/**/*.node'

export async function prove(check, { short }) {
  const own = platformHere()
  if (own === null) return 'no addon of this platform is built: npm run build'
  const home = mkdtempSync(join(tmpdir(), 'loralib-asar-'))
  try {
    const app = await layInstalled(home, own)
    const resources = await packInto(join(home, 'resources'), app, CONFIG.asarUnpack)
    contents(check, resources, app, own)
    await running(check, resources, own, short)
    await otherRules(check, home, app, own)
    await faults(check, home, app, own)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
  return null
}

async function packInto(resources, app, unpack, options = {}) {
  mkdirSync(resources, { recursive: true })
  // A brace with one name in it is no choice, so there is always a second.
  const unpackDir = `{${[...unpack.map(pathOf), 'none'].join(',')}}`
  await asar.createPackageWithOptions(app, join(resources, 'app.asar'), { unpackDir, ...options })
  for (const { from, to } of CONFIG.extraResources) cpSync(join(app, from), join(resources, to), { recursive: true })
  return resources
}

/** What docs/electron.md says of other ways: the addon's package alone, and what Electron Forge's plugin adds. */
async function otherRules(check, home, app, own) {
  const addon = `node_modules/@loralib/${own}/loralib.${own}.node`
  const isUnpacked = (resources, path) => asar.statFile(join(resources, 'app.asar'), path).unpacked === true
  const least = await packInto(join(home, 'least'), app, ['node_modules/@loralib/**'])
  check(
    'node_modules/@loralib/** alone unpacks the addon',
    isUnpacked(least, addon) && !isUnpacked(least, 'trainer/main.mjs'),
  )
  const plugin = await packInto(join(home, 'plugin'), app, [], { unpack: FORGE_UNPACKS })
  check("and so does Forge's plugin", isUnpacked(plugin, addon) && !isUnpacked(plugin, 'trainer/main.mjs'))
  const both = await packInto(join(home, 'both'), app, [], {
    unpack: FORGE_UNPACKS,
    unpackDir: '{trainer,node_modules}',
  })
  const wanted = [addon, 'trainer/main.mjs', 'node_modules/loralib/package.json']
  check(
    'with its unpackDir the trainer and its modules, too',
    wanted.every((path) => isUnpacked(both, path)),
  )
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
