// npm run release [-- --publish] [--registry URL] [--folder FOLDER]: whether this version can be published, and with --publish does it: the packages of the
// platforms first, then loralib, so that nobody can install what is not there yet. The tarballs are those of FOLDER, out/packages (npm run pack:all, .github/workflows/release.yml).
//
// It refuses: a tree that is not committed, a version that differs between package.json, Cargo.toml, src/native/version.ts, CHANGELOG.md and the tag,
// a tarball that is missing or of another version, a version that the registry has already, and a failing .ci/run. A run that broke off goes on: what
// the registry has, byte by byte, is left alone.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { flag, readArgs, text } from './lib/args.mjs'
import { ask, fail, inRoot, isMain, must, packageJson, run, say } from './lib/run.mjs'
import { SCOPE, platforms } from './packages/manifests.mjs'

/** The packages in the order in which they are published, each with its tarball. */
export function packages(folder) {
  const { name, version } = packageJson()
  const all = [...Object.keys(platforms()).map((each) => `${SCOPE}/${each}`), name]
  return all.map((each) => ({
    name: each,
    file: join(folder, `${each.replace('@', '').replace('/', '-')}-${version}.tgz`),
  }))
}

/** Why this checkout can't be published, line by line; asks no registry. */
export function localProblems(folder) {
  const { version } = packageJson()
  const problems = []
  const read = (path) => readFileSync(inRoot(path), 'utf8')
  const changed = ask('git', ['status', '--porcelain'])
  if (changed) problems.push(`the tree is not committed: ${changed}, …`)
  const tag = ask('git', ['describe', '--tags', '--exact-match'])
  if (tag !== `v${version}`) problems.push(`HEAD has no tag v${version} (${tag ?? 'it has none'})`)
  const versions = {
    'Cargo.toml': /\[workspace\.package\]\nversion = "([^"]+)"/.exec(read('Cargo.toml'))?.[1],
    'src/native/version.ts': /VERSION = '([^']+)'/.exec(read('src/native/version.ts'))?.[1],
  }
  for (const [path, found] of Object.entries(versions)) {
    if (found !== version) problems.push(`${path} says version ${found}, package.json ${version}`)
  }
  if (
    !new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`, 'm').test(read('CHANGELOG.md'))
  )
    problems.push(`CHANGELOG.md has no heading "## [${version}] - date"`)
  for (const { name, file } of packages(folder)) {
    if (!existsSync(file)) problems.push(`the tarball of ${name} is missing: ${file}`)
  }
  return problems
}

/** What the registry has of a package's version: its integrity, or null. */
async function published(name, registry) {
  const { version } = packageJson()
  const { code, out, errors } = await run(
    'npm',
    ['view', `${name}@${version}`, 'dist.integrity', '--json', ...registry],
    { show: false },
  )
  if (code === 0) return out.trim() === '' ? null : JSON.parse(out)
  if (/E404/.test(out + errors)) return null
  return fail(`the registry was not asked: npm view ${name} failed:\n${errors}`)
}

const integrity = (file) => `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`

if (isMain(import.meta.url)) {
  const {
    publish,
    registry,
    folder = inRoot('out/packages'),
  } = readArgs({ options: { publish: flag, registry: text, folder: text } }).values
  const options = registry ? [`--registry=${registry}`] : []
  const problems = localProblems(folder)
  if (problems.length > 0) fail(`this can't be published:\n${problems.map((each) => `  ${each}`).join('\n')}`)
  const wanted = []
  for (const each of packages(folder)) {
    const there = await published(each.name, options)
    if (there === null) wanted.push(each)
    else if (there === integrity(each.file)) say(`${each.name}: this very tarball is published`)
    else fail(`${each.name} ${packageJson().version} exists with other content: raise the version`)
  }
  say('checks ...')
  await must(inRoot('.ci/run'), [])
  for (const { name, file } of wanted) {
    if (!publish) say(`${name}: would be published`)
    else {
      await must('npm', ['publish', file, '--ignore-scripts', ...options])
      say(`${name}: published`)
    }
  }
}
