// Allocations that fail at run time: they reject, existing tensors are unchanged, and work that fits afterwards runs.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from './child.mjs'
import { rejects } from './judge.mjs'

export const group = 'out of memory at run time'

const FIELDS = { op: null, path: null, received: /MB|bytes/, fix: /smaller|dispose|free/ }
const cases = rejects('ERR_LORA_MEMORY', [
  ['a tensor just above free memory', null, { ...FIELDS, op: 'full' }],
  ['what depends on it', null, { ...FIELDS, op: 'full' }],
  ['a forward in a model: its path', null, { ...FIELDS, op: 'linear', path: 'up' }],
  ['the moments of an optimizer', null, FIELDS],
  ['a norm of gradients that do not fit', null, FIELDS],
  ['a state dict with a tensor that does not fit', null, FIELDS],
  ['a file that does not fit', null, FIELDS],
])

/** One program for both kinds of limit; `FREE` f32 numbers do not fit beside 2 × `HELD`; 4 × `HELD` fit. */
const program = (held, free, file, moments) => `
  const world = await makeWorld()
  const sum = await checksum(world)
  const step = await knownStep()
  const [HELD, FREE, MOMENTS] = [${held}, ${free}, ${moments}]
  // Parameter and gradient fit; two moments do not. The update is not counted, and succeeds when there is memory.
  async function crowded() {
    const p = lora.nn.parameter(lora.ones([HELD]))
    p.grad = lora.full([HELD], 2)
    const optimizer = new lora.optim.AdamW([p], { lr: 0.1, weightDecay: 0 })
    const ballast = lora.ones([2 * HELD])
    await ballast.at([0, 1]).data()
    return { p, optimizer, ballast }
  }
  // Beside it the large ones do not fit, though each alone would.
  let held = lora.ones([2 * HELD])
  await held.at([0, 1]).data()
  await attempt('a tensor just above free memory', () => lora.zeros([FREE]).sum().item())
  await attempt('what depends on it', () => lora.zeros([FREE]).at([0, 1]).mul(world.trained[0].sum()).exp().data())
  class Up extends lora.nn.Module {
    up = new lora.nn.Linear(1, 1024)
    forward(x) { return this.up.forward(x).mean() }
  }
  await attempt('a forward in a model: its path', () => new Up().forward(lora.ones([FREE / 1024, 1])).item())
  held.dispose()
  await lora.settle().catch(() => {})
  if (MOMENTS) {
    const { p, optimizer, ballast } = await crowded()
    await attempt('the moments of an optimizer', () => optimizer.step())
    say('parameter', await p.at([0, 1]).item())
    say('updates', Object.values(optimizer.stateDict().state).map(({ step }) => step).join())
    ballast.dispose()
    await attempt('a norm of gradients that do not fit', async () => {
      const q = lora.nn.parameter(lora.ones([8]))
      q.grad = lora.zeros([FREE]).at([0, 8])
      lora.optim.clipGradNorm([q], 1)
      await new lora.optim.SGD([q], { lr: 1 }).step()
    })
    p.grad = null
    p.dispose()
    for (const t of Object.values(optimizer.stateDict().state)) for (const x of Object.values(t)) x.dispose?.()
  }
  await lora.settle().catch(() => {})
  if (MOMENTS) {
    const { p, optimizer, ballast } = await crowded()
    await Promise.resolve(optimizer.step()).catch(() => {})
    ballast.dispose()
    await lora.settle().catch(() => {})
    await optimizer.step()
    say('after memory was freed', [await p.at([0, 1]).item(), Object.values(optimizer.stateDict().state)[0].step].join())
    for (const t of [p, p.grad, ...Object.values(Object.values(optimizer.stateDict().state)[0])]) t.dispose?.()
  }
  await lora.settle().catch(() => {})
  held = lora.ones([2 * HELD])
  await held.at([0, 1]).data()
  await attempt('a state dict with a tensor that does not fit', async () => {
    const dict = Object.fromEntries(Object.entries(world.model.stateDict()).map(([k, t]) => [k, lora.noGrad(() => t.add(1))]))
    const key = Object.keys(dict).at(-1)
    dict[key] = lora.noGrad(() => dict[key].mul(lora.zeros([FREE]).at([0, 1])))
    world.model.loadStateDict(dict)
    await world.trained[0].data()
    await world.loss().item()
    await lora.settle()
  })
  await attempt('a file that does not fit', async () => {
    const dict = await lora.load(${JSON.stringify(file)})
    await dict.x.at([0, 1]).data()
  })
  await lora.settle().catch(() => {})
  say('same', sum === (await checksum(world)))
  say('step', step === (await knownStep()))
`

/** A sparse safetensors file of this many bytes of numbers. */
function sparse(path, bytes) {
  const text = Buffer.from(JSON.stringify({ x: { dtype: 'F32', shape: [bytes / 4], data_offsets: [0, bytes] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  writeFileSync(path, Buffer.concat([length, text]))
  truncateSync(path, 8 + text.length + bytes)
}

export async function prove(report, { short }) {
  const folder = mkdtempSync(join(tmpdir(), 'loralib-memory-'))
  const MB = 2 ** 20
  try {
    const file = join(folder, 'large.safetensors')
    sparse(file, 512 * MB)
    // The moments of an optimizer need a known number of free bytes, which a limit on the address space does not leave.
    const ways = [
      { how: 'LORALIB_MEMORY_LIMIT', env: { LORALIB_MEMORY_LIMIT: '256MB' }, held: 12, free: 62, moments: true },
    ]
    if (process.platform === 'linux' && !short) {
      const wrap = ['prlimit', `--as=${1900 * MB}`]
      // The limit of our own is above that of the address space, which then fails the allocation.
      const env = { LORALIB_MEMORY_LIMIT: '4GB' }
      ways.push({ how: 'address space (prlimit --as)', env, wrap, held: 12, free: 450, moments: false })
    }
    for (const { how, held, free, moments, ...options } of ways) {
      const ended = await runChild(program(held * MB, free * MB, file, moments), options)
      report.note(`${how}: ended with ${ended.signal ?? ended.code} after ${(ended.ms / 1000).toFixed(1)} s`)
      const proved = cases.filter(({ name }) => moments || !/moments|norm|file/.test(name))
      for (const each of proved) report.judge(`${how}: ${each.name}`, each, ended.told.get(each.name))
      const value = (name) => ended.told.get(name)?.value
      if (moments) {
        const after = value('after memory was freed')
        const [moved, count] = String(after).split(',').map(Number)
        report.check(`${how}: the parameter did not move`, value('parameter') === 1, value('parameter'))
        report.check(`${how}: the failed update is not counted`, value('updates') === '0', value('updates'))
        // The first update of AdamW with a constant gradient changes the parameter by the learning rate.
        report.check(
          `${how}: the same update runs when there is memory`,
          Math.abs(moved - 0.9) < 1e-5 && count === 1,
          after,
        )
      }
      report.check(`${how}: the model beside it kept its parameters`, value('same') === true, ended.errors)
      report.check(`${how}: the known step gives the known result`, value('step') === true, ended.errors)
      report.check(`${how}: the process ended by itself`, ended.code === 0, `${ended.signal} ${ended.errors}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
