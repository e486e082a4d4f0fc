// Tools out of packages of Debian and PyPI, unpacked below .cache/platforms: the system is not changed, and nothing needs root.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask, fail, inRoot, must, run, say } from '../lib/run.mjs'
import { pythonWith } from '../lib/venv.mjs'

export const home = (...parts) => inRoot('.cache/platforms', ...parts)

/** The folder with the programs of zig and cargo-zigbuild. */
export async function zig() {
  const packages = [['ziglang==0.17.1', 'cargo-zigbuild==0.24.1']]
  return join(await pythonWith('platforms/venv', packages, 'zig links the addons'), '..')
}

/**
 * A folder with the contents of Debian packages. Their own dependencies come along, unless the system has them; with `arch` of another machine,
 * only what is named. `suite` is a newer release than that of this system.
 */
export async function debs(name, packages, { arch, suite } = {}) {
  const folder = home(name)
  const wanted = JSON.stringify({ packages, arch, suite })
  const stamp = join(folder, 'packages.json')
  if (existsSync(stamp) && JSON.parse(readFileSync(stamp, 'utf8')).wanted === wanted) return folder
  if (!ask('apt-get'))
    fail('apt-get was not found: the tools of other platforms come from packages of Debian 12 or newer')
  say(`unpacking Debian packages into .cache/platforms/${name} (once)`)
  const options = await lists(suite)
  const cache = home('apt', `cache-${name}`)
  rmSync(cache, { recursive: true, force: true })
  mkdirSync(join(cache, 'archives/partial'), { recursive: true })
  options.push('-o', `Dir::Cache=${cache}`)
  const alone = arch !== undefined || suite !== undefined
  const names = arch === undefined ? packages : packages.map((each) => `${each}:${arch}`)
  const how = alone ? ['download'] : ['install', '--yes', '--download-only', '--reinstall', '--no-install-recommends']
  await must('apt-get', [...options, ...how, ...names], { cwd: join(cache, 'archives'), show: false })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = readdirSync(join(cache, 'archives')).filter((file) => file.endsWith('.deb'))
  for (const file of files) await must('dpkg-deb', ['-x', join(cache, 'archives', file), folder], { show: false })
  rmSync(cache, { recursive: true, force: true })
  writeFileSync(stamp, `${JSON.stringify({ wanted, files }, null, 2)}\n`)
  return folder
}

const updated = new Set()

/** Options of apt-get with package lists of our own: the system's may be old, and lack the other machine. */
async function lists(suite) {
  const folder = home('apt', suite ?? 'own')
  mkdirSync(join(folder, 'lists/partial'), { recursive: true })
  const options = ['-o', `Dir::State::Lists=${join(folder, 'lists')}`, '-o', 'Debug::NoLocking=true']
  options.push('-o', 'APT::Sandbox::User=', '-o', 'APT::Architectures::=amd64', '-o', 'APT::Architectures::=arm64')
  if (suite !== undefined) {
    const sources = join(folder, 'sources.list')
    writeFileSync(
      sources,
      `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${await site()} ${suite} main\n`,
    )
    options.push('-o', `Dir::Etc::sourcelist=${sources}`, '-o', 'Dir::Etc::sourceparts=-')
  }
  if (!updated.has(folder)) await must('apt-get', [...options, 'update'], { show: false })
  updated.add(folder)
  return options
}

/** Where this system gets Debian's packages from. */
async function site() {
  const format = '$(ORIGIN) $(CODENAME) $(IDENTIFIER) $(SITE)'
  const { out } = await run('apt-get', ['indextargets', '--format', format], { show: false })
  // Not those of updates and security, `bookworm-security`, which lie elsewhere.
  return (
    /^Debian \w+ Packages (\S+)$/m.exec(out)?.[1] ??
    fail('apt-get knows no source of Debian: run `apt-get update` first')
  )
}

/** The folder of a wheel of PyPI that is not for this machine. */
export async function wheel(name, spec, platform) {
  const folder = home(name)
  const stamp = join(folder, 'wheel.json')
  const wanted = JSON.stringify({ spec, platform })
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted) return folder
  say(`unpacking ${spec} of PyPI into .cache/platforms/${name} (once)`)
  const python = join(await zig(), 'python')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--platform', platform]
  await must(python, ['-m', 'pip', 'download', ...options, '-d', folder, spec])
  const file = readdirSync(folder).find((each) => each.endsWith('.whl'))
  await must(python, ['-m', 'zipfile', '-e', join(folder, file), folder])
  rmSync(join(folder, file))
  writeFileSync(stamp, `${wanted}\n`)
  return folder
}
