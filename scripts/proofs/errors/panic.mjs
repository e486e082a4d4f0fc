// A panic inside an operation, provoked through a function of the addon that no export of the package reaches: ERR_LORA_INTERNAL, also for all that
// follows; tensors from before can still be read and saved.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from '../../lib/run.mjs'
import { addonFile } from '../../lib/stamp.mjs'
import { runChild } from './child.mjs'
import { rejects, sync } from './judge.mjs'

export const group = 'a panic inside an operation'

const FIELDS = { op: 'provokedPanic', path: null, received: /a provoked panic/, fix: /report/ }
const AFTER = { op: null, path: null, received: /a provoked panic/, fix: /report/ }
const cases = [
  ...rejects('ERR_LORA_INTERNAL', [
    ['its result', null, FIELDS],
    ['what depends on it', null, FIELDS],
    ['an operation recorded before it was known', null, AFTER],
    ['an operation afterwards', null, AFTER],
    ['a tensor made afterwards', null, AFTER],
    ['a training step afterwards', null, AFTER],
    ['text afterwards', null, AFTER],
    ['a file loaded afterwards', null, AFTER],
  ]),
  ...sync('ERR_LORA_SHAPE', [['a wrong shape afterwards, as ever', null, { op: 'add' }]]),
]

const program = (folder, thread) => `
  // The package has loaded it from the same path, so this is the same object.
  const native = (await import('node:module')).createRequire(process.cwd() + '/')(${JSON.stringify(inRoot(addonFile()))})
  const world = await makeWorld()
  const sum = await checksum(world)
  await lora.save(world.model.stateDict(), ${JSON.stringify(join(folder, 'before.safetensors'))})
  const x = lora.ones([2])
  const bad = new lora.Tensor(native.provokePanic(x.id, ${thread}), 0, [2])
  const beside = x.mul(2)
  await attempt('its result', () => bad.data())
  await attempt('what depends on it', () => bad.mul(2).sum().item())
  await attempt('an operation recorded before it was known', () => beside.data())
  await attempt('an operation afterwards', () => world.trained[0].add(1).data())
  await attempt('a tensor made afterwards', () => lora.tensor([1, 2]).data())
  await attempt('a wrong shape afterwards, as ever', () => lora.ones([2]).add(lora.ones([3])))
  await attempt('a training step afterwards', () => train(world))
  await attempt('text afterwards', async () => {
    world.model.eval()
    try { await world.model.generate([[1]], { maxNewTokens: 2 }) } finally { world.model.train() }
  })
  await attempt('a file loaded afterwards', async () => (await lora.load(${JSON.stringify(join(folder, 'before.safetensors'))}))['lm_head.weight']?.data() ?? lora.ones([1]).data())
  say('exports', Object.keys(lora).some((name) => /panic/i.test(name)))
  say('read', sum === (await checksum(world)))
  await lora.save(world.model.stateDict(), ${JSON.stringify(join(folder, 'after.safetensors'))})
  say('saved', true)
`
const compare = (folder) => `
  const [a, b] = await Promise.all(['before', 'after'].map((name) => lora.load(${JSON.stringify(folder)} + '/' + name + '.safetensors')))
  let same = Object.keys(a).join() === Object.keys(b).join()
  for (const key of Object.keys(a)) same &&= await lora.equal(a[key], b[key])
  say('same', same)
`

export async function prove(report) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-panic-'))
  try {
    for (const thread of [false, true]) {
      const where = thread ? 'on a compute thread' : "on the executor's thread"
      const ended = await runChild(program(folder, thread))
      for (const each of cases) report.judge(`${where}: ${each.name}`, each, ended.told.get(each.name))
      const value = (name) => ended.told.get(name)?.value
      report.check(`${where}: no export of the package provokes it`, value('exports') === false)
      report.check(`${where}: intact tensors can be read`, value('read') === true, ended.errors)
      report.check(`${where}: intact tensors can be saved`, value('saved') === true, ended.errors)
      report.check(`${where}: the process ended by itself`, ended.code === 0, `${ended.signal} ${ended.errors}`)
      const { told, errors } = await runChild(compare(folder))
      report.check(`${where}: the saved file holds what was there before`, told.get('same')?.value === true, errors)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
