// First step of `npm run quickstart` and `npm test`: checks Node and Rust, installs npm packages, builds what is out of date.
// It runs on a bare checkout, so it uses only Node until the packages are installed.
import { existsSync, readFileSync } from 'node:fs'
import { readArgs } from './lib/args.mjs'
import { ask, compareVersions, duration, fail, inRoot, isMain, must, packageJson, say, timed } from './lib/run.mjs'
import { stale } from './lib/stamp.mjs'

const rustHelp = {
  linux: `Debian, Ubuntu:  sudo apt install rustup && rustup default stable
  Fedora:          sudo dnf install rustup && rustup-init
  Arch:            sudo pacman -S rustup && rustup default stable
  any other:       the rustup installer, from the install page of the Rust project (its site is called rustup, ending rs)`,
  darwin: `with Homebrew:   brew install rustup && rustup default stable
  or:              the rustup installer, from the install page of the Rust project (its site is called rustup, ending rs)`,
  win32: `with winget:     winget install Rustlang.Rustup
  or:              the rustup installer, from the install page of the Rust project (its site is called rustup, ending rs)
  Rust also needs the "Desktop development with C++" part of the Visual Studio Build Tools.`,
}
const compilerHelp = {
  linux:
    'Debian, Ubuntu: sudo apt install build-essential   Fedora: sudo dnf install gcc gcc-c++   Arch: sudo pacman -S base-devel',
  darwin: 'xcode-select --install',
}

function checkNode() {
  const wanted = packageJson().engines.node.replace('>=', '')
  if (compareVersions(process.versions.node, wanted) < 0) {
    fail(
      `Node ${process.versions.node} is too old: loralib needs Node ${wanted} or newer.\nGet it from the download page of Node.js, or with your version manager (nvm install 22, fnm install 22, volta install node@22).`,
    )
  }
}

function checkRust() {
  const wanted = /rust-version = "([\d.]+)"/.exec(readFileSync(inRoot('Cargo.toml'), 'utf8'))[1]
  const help = `How to get it:\n  ${rustHelp[process.platform] ?? rustHelp.linux}\nThen open a new terminal and run the command again.`
  const rustc = ask('rustc')
  const cargo = ask('cargo')
  if (!rustc || !cargo)
    fail(
      `${rustc ? 'cargo' : 'Rust'} was not found: loralib builds its engine from source and needs Rust ${wanted} or newer.\n${help}`,
    )
  const have = /rustc ([\d.]+)/.exec(rustc)?.[1] ?? '0'
  if (compareVersions(have, wanted) < 0) {
    fail(
      `Rust ${have} is too old: loralib needs Rust ${wanted} or newer.\nWith rustup: rustup update stable. A Rust of your distribution that is too old has to make room for rustup's.\n${help}`,
    )
  }
  if (compilerHelp[process.platform] && !ask('cc')) {
    fail(
      `A C compiler (cc) was not found: Rust links with it, and three of the libraries are C.\nHow to get it: ${compilerHelp[process.platform]}`,
    )
  }
  return `Node ${process.versions.node}, Rust ${have}`
}

/** Which package of package-lock.json is missing or of another version in node_modules, or null. */
function staleModules() {
  const read = (path) => JSON.parse(readFileSync(inRoot(path), 'utf8')).packages
  if (!existsSync(inRoot('node_modules/.package-lock.json'))) return 'node_modules is missing'
  const installed = read('node_modules/.package-lock.json')
  const wrong = Object.entries(read('package-lock.json')).find(
    // Optional packages are those of other platforms.
    ([path, entry]) => path && !entry.optional && installed[path]?.version !== entry.version,
  )
  return wrong ? `${wrong[0]} is not version ${wrong[1].version}` : null
}

async function installModules(why) {
  await timed(`npm ci (${why})`, async () => {
    // npm passes its path to scripts; without npm (node scripts/setup.mjs), npm is found on the path.
    const npm = process.env.npm_execpath
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
    if (npm) await must(process.execPath, [npm, ...args])
    else await must('npm', args, { shell: process.platform === 'win32' })
  })
}

/** Prepares the checkout for examples and tests. */
export async function setup() {
  const start = performance.now()
  checkNode()
  const versions = checkRust()
  const modules = staleModules()
  if (modules) await installModules(modules)
  const build = await import('./build.mjs') // needs the packages
  const addon = stale('addon')
  if (!modules && !addon && !stale('ts')) return say(`${versions}; everything is built`)
  say(versions)
  if (addon) {
    say(`addon: ${addon}`)
    await build.buildAddon()
  }
  const ts = stale('ts') // the types of a new addon are sources, too
  if (ts) {
    say(`dist: ${ts}`)
    await build.buildTypeScript()
  }
  say(`set-up took ${duration(performance.now() - start)}`)
}

if (isMain(import.meta.url)) {
  readArgs()
  await setup()
}
