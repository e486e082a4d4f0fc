// Full disks and folders that cannot be written: FileError, the previous file is unchanged, and no other file is left.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from './child.mjs'
import { rejects } from './judge.mjs'

export const group = 'full disks and read-only folders'

const WRITES = ['save', 'saveMerged', 'tokenizer.save', 'tokenizer.saveFolder']

const program = (folder) => `
  const folder = ${JSON.stringify(folder)}
  const world = await makeWorld()
  const sum = await checksum(world)
  const tokenizer = await lora.tokenizers.Tokenizer.train(Array.from({ length: 400 }, (_, i) => 'word' + (i * 7919) % 5003), { vocabSize: 1600 })
  const large = lora.zeros([1 << 20])
  await attempt('save', () => lora.save({ large }, folder + '/adapter.safetensors'))
  const wide = new lora.nn.Sequential(new lora.Linear(600, 600, { r: 2 }))
  await attempt('saveMerged', () => lora.saveMerged(wide, folder + '/merged.safetensors'))
  await attempt('tokenizer.save', () => tokenizer.save(folder + '/tokenizer.json'))
  await attempt('tokenizer.saveFolder', () => tokenizer.saveFolder(folder))
  say('same', sum === (await checksum(world)))
  say('step', (await knownStep()) === (await knownStep()))
`

/** Runs a command of the system; whether it worked. */
function works(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

const OLD = Buffer.from('what was there before, which a failed write must not touch\n')
const NAMES = ['adapter.safetensors', 'merged.safetensors', 'tokenizer.json', 'vocab.json', 'merges.txt']

function fill(folder) {
  for (const name of NAMES) writeFileSync(join(folder, name), OLD)
}

/** All ways that this machine allows: `[name, what the error must receive, options of the child, prepare → undo]`. */
function ways(root) {
  const list = [
    [
      'file-size limit (prlimit --fsize=4096)',
      /too large/i,
      { wrap: ['prlimit', '--fsize=4096'] },
      (folder) => (fill(folder), () => {}),
    ],
  ]
  if (works('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', prepared(root, 'probe'))) {
    works('umount', join(root, 'probe'))
    list.push(['a full disk (tmpfs of 64 KB)', /space/i, {}, (folder) => {
      works('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
      fill(folder)
      // The free space that is left is less than the smallest of the files.
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(36 * 1024))
      return () => works('umount', folder)
    }]) // prettier-ignore
    list.push(['a read-only mount (tmpfs)', /read-only/i, {}, (folder) => {
      works('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder)
      fill(folder)
      works('mount', '-o', 'remount,ro', folder)
      return () => works('umount', folder)
    }]) // prettier-ignore
  }
  const own = process.getuid?.() === 0
  list.push([own ? 'a folder of mode 555, as another user' : 'a folder of mode 555', /permission denied/i, own ? { uid: 65534 } : {}, (folder) => {
    fill(folder)
    if (own) chownSync(folder, 65534, 65534)
    chmodSync(folder, 0o555)
    return () => chmodSync(folder, 0o755)
  }]) // prettier-ignore
  return list
}

function prepared(root, name) {
  const folder = join(root, name)
  mkdirSync(folder)
  return folder
}

export async function prove(report) {
  const root = mkdtempSync(join(tmpdir(), 'loralib-disk-'))
  chmodSync(root, 0o755)
  try {
    for (const [number, [how, received, options, prepare]] of ways(root).entries()) {
      const folder = prepared(root, `way-${number}`)
      const undo = prepare(folder)
      const before = readdirSync(folder).sort()
      try {
        const ended = await runChild(program(folder), options)
        const cases = rejects(
          'ERR_LORA_FILE',
          WRITES.map((name) => [name, null, { what: /way-/, received }]),
        )
        for (const each of cases) report.judge(`${how}: ${each.name}`, each, ended.told.get(each.name))
        const after = readdirSync(folder).sort()
        report.check(`${how}: no file more or less`, before.join() === after.join(), after.join())
        const touched = NAMES.filter(
          (name) => hash(join(folder, name)) !== createHash('sha256').update(OLD).digest('hex'),
        )
        report.check(`${how}: what was there is whole`, touched.length === 0, touched.join())
        const value = (name) => ended.told.get(name)?.value
        report.check(
          `${how}: parameters and steps are what they were`,
          value('same') === true && value('step') === true,
          ended.errors,
        )
        report.check(`${how}: the process ended by itself`, ended.code === 0, `${ended.signal} ${ended.errors}`)
      } finally {
        undo()
      }
    }
  } finally {
    rmSync(root, { recursive: true })
  }
}

function hash(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
