// npm run pack:all [-- --out FOLDER] [--only loralib,linux-x64-gnu]: makes the tarballs of all packages that this machine has the parts of: loralib itself, and
// a package for each platform whose addon is built, by `npm run build` (this platform) or by scripts/platforms.mjs (others, and this one for older systems).
// Addons lose their symbols, which are kept in FOLDER/symbols for the stacks of crash reports. FOLDER is out/packages.
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { readArgs, readNames, text } from './lib/args.mjs'
import { fail, inRoot, isMain, must, packageJson, run, say } from './lib/run.mjs'
import { addonFile, needBuild } from './lib/stamp.mjs'
import { CUDA, addonName, mainManifest, platformManifest, platforms } from './packages/manifests.mjs'

const OUT = 'out/packages'

/** The built addons, by platform. One of scripts/platforms.mjs comes before the one of this machine's own compiler: it runs on older systems, too. */
export function builtAddons() {
  const found = {}
  for (const platform of Object.keys(platforms())) {
    const [made, own] = [
      inRoot('.cache/platforms', platform, addonName(platform)),
      inRoot('native', addonName(platform)),
    ]
    if (existsSync(made)) found[platform] = made
    else if (existsSync(own) && own === inRoot(addonFile() ?? '')) found[platform] = own
  }
  // Of scripts/cuda-build.mjs.
  const cuda = inRoot('.cache/cuda/loralib.linux-x64.node')
  if (existsSync(cuda)) found[CUDA] = cuda
  return found
}

/** Makes the tarballs; returns `{ name, file, bytes, unpackedBytes }` of each. */
export async function packAll({ out = inRoot(OUT), only = null } = {}) {
  const wanted = (name) => only === null || only.includes(name)
  const addons = builtAddons()
  const isOwn = Object.entries(addons).some(([name, path]) => wanted(name) && path.startsWith(inRoot('native')))
  needBuild([...(isOwn ? ['addon'] : []), ...(wanted('loralib') ? ['ts'] : [])])
  const missing = only?.filter((name) => name !== 'loralib' && !(name in addons)) ?? []
  if (missing.length > 0) fail(`no addon is built for ${missing.join(', ')}`)
  rmSync(out, { recursive: true, force: true })
  const packed = []
  if (wanted('loralib')) packed.push(await pack(await stageMain(out), out))
  for (const [platform, addon] of Object.entries(addons)) {
    if (wanted(platform)) packed.push(await pack(await stagePlatform(out, platform, addon), out))
  }
  return packed
}

/** Packages of the other platforms, with a manifest and no addon: what a registry that is tried out must have besides, since some managers ask for all. */
export async function packStandIns(out) {
  const packed = []
  for (const platform of Object.keys(platforms())) {
    if (platform in builtAddons()) continue
    const folder = join(out, 'stage', platform)
    mkdirSync(folder, { recursive: true })
    writeManifest(folder, platformManifest(platform))
    packed.push(await pack(folder, out))
  }
  return packed
}

/** The folder of the package itself: what `files` of package.json names, and the manifest that is published. */
async function stageMain(out) {
  const folder = join(out, 'stage', 'loralib')
  mkdirSync(folder, { recursive: true })
  for (const path of await packedPaths()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(inRoot(path), join(folder, path))
  }
  writeManifest(folder, mainManifest())
  return folder
}

/** The paths that npm would pack in this checkout, without the addon. */
async function packedPaths() {
  const { out } = await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], inRoot())
  return JSON.parse(out)[0]
    .files.map(({ path }) => path)
    .filter((path) => !path.startsWith('native/'))
}

async function stagePlatform(out, platform, addon) {
  const folder = join(out, 'stage', platform)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, addonName(platform))
  copyFileSync(addon, file)
  await splitSymbols(file, addon, join(out, 'symbols'))
  const manifest = platformManifest(platform)
  writeManifest(folder, manifest)
  writeFileSync(
    join(folder, 'README.md'),
    `# ${manifest.name}\n\n${manifest.description}. It is installed with loralib, by itself it is of no use.\n`,
  )
  cpSync(inRoot('LICENSE'), join(folder, 'LICENSE'))
  return folder
}

/** Moves the symbols of a library to a file of their own. scripts/platforms.mjs has done that for the others: `<addon>.debug` is beside them. */
async function splitSymbols(file, addon, folder) {
  mkdirSync(folder, { recursive: true })
  const symbols = join(folder, `${basename(file)}.debug`)
  if (existsSync(`${addon}.debug`)) return copyFileSync(`${addon}.debug`, symbols)
  if (process.platform === 'linux') {
    await must('objcopy', ['--only-keep-debug', file, symbols], { show: false })
    await must('strip', ['--strip-unneeded', file], { show: false })
    await must('objcopy', [`--add-gnu-debuglink=${symbols}`, file], { show: false })
  } else if (process.platform === 'darwin') {
    copyFileSync(file, symbols)
    await must('strip', ['-x', file], { show: false })
  } else {
    // MSVC's linker has never put them into the library.
    const pdb = inRoot('target/release/loralib_node.pdb')
    if (existsSync(pdb)) copyFileSync(pdb, join(folder, `${basename(file)}.pdb`))
  }
}

const writeManifest = (folder, manifest) =>
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

async function pack(folder, out) {
  const { out: text } = await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', out], folder)
  const { name, filename, size, unpackedSize } = JSON.parse(text)[0]
  // Older versions of npm give the name of a scoped package with its slash.
  return {
    name,
    file: join(out, filename.replace('@', '').replace('/', '-')),
    bytes: size,
    unpackedBytes: unpackedSize,
  }
}

/** npm by this Node, so that it works without a shell on Windows too. */
async function npm(args, cwd) {
  const path = process.env.npm_execpath
  const all = [...args, '--loglevel=error']
  const result = path
    ? await run(process.execPath, [path, ...all], { show: false, cwd })
    : await run('npm', all, { show: false, cwd, shell: process.platform === 'win32' })
  if (result.code !== 0) fail(`npm ${args[0]} failed in ${cwd}:\n${result.out}${result.errors}`)
  return result
}

const megabytes = (bytes) => `${(bytes / (1 << 20)).toFixed(2)} MB`

if (isMain(import.meta.url)) {
  const { out, only } = readArgs({ options: { out: text, only: text } }).values
  const names = ['loralib', CUDA, ...Object.keys(platforms())]
  const packed = await packAll({ ...(out && { out }), only: readNames(only, 'package', names) })
  for (const { name, file, bytes, unpackedBytes } of packed)
    console.log(
      `${name.padEnd(28)} ${megabytes(bytes).padStart(9)} packed, ${megabytes(unpackedBytes).padStart(9)} unpacked  ${basename(file)}`,
    )
  const missing = Object.keys(platforms()).filter((each) => !(each in builtAddons()))
  if (missing.length > 0)
    say(`not built on this machine: ${missing.join(', ')} (npm run proof:platforms builds some of them)`)
  say(`${packageJson().version}: ${packed.length} tarballs in ${out ?? OUT}, symbols in ${join(out ?? OUT, 'symbols')}`)
}
