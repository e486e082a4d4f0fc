// Objects with tensors in them, as one safetensors file.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'
import { removeFolder } from '../support/files.js'

const { nn, optim } = lora

const folder = mkdtempSync(join(tmpdir(), 'loralib-object-'))
test.after.always(() => removeFolder(folder))
const at = (name: string) => join(folder, `${name}.safetensors`)

/** A safetensors file with this object in its metadata. */
function damaged(name: string, object: unknown, tensors: Record<string, unknown> = {}): string {
  const text = typeof object === 'string' ? object : JSON.stringify(object)
  const header = Buffer.from(JSON.stringify({ __metadata__: { 'loralib.object': text }, ...tensors }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  writeFileSync(at(name), Buffer.concat([length, header, Buffer.alloc(4)]))
  return at(name)
}

const ONE = { w: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }

test('save and load: a checkpoint of model, optimizer, schedule and numbers continues with the same bits', async (t) => {
  const make = () => {
    const model = new nn.Linear(3, 2)
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.1 })
    const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { tMax: 5 })
    const step = async () => {
      await model.forward(lora.tensor([[1, 2, 3]])).square().sum().backward() // prettier-ignore
      await optimizer.step()
      optimizer.zeroGrad()
      scheduler.step()
    }
    return { model, optimizer, scheduler, step }
  }
  const first = make()
  await first.step()
  const { model, optimizer, scheduler } = first
  const checkpoint = {
    ...{ model: model.stateDict(), optimizer: optimizer.stateDict(), scheduler: scheduler.stateDict() },
    ...{ epoch: 3, best: Infinity, notes: ['a', { text: 'b' }], done: false, last: null },
  }
  await lora.save(checkpoint, at('run'), { metadata: { by: 'a test' } })
  await first.step()

  const second = make()
  const back = await lora.load<typeof checkpoint>(at('run'))
  second.model.loadStateDict(back.model)
  second.optimizer.loadStateDict(back.optimizer)
  second.scheduler.loadStateDict(back.scheduler)
  await second.step()
  await same(t, second.model.weight, first.model.weight)
  t.deepEqual(second.scheduler.stateDict(), first.scheduler.stateDict())
  const { epoch, best, notes, done, last } = back
  t.deepEqual(JSON.parse(JSON.stringify({ epoch, notes, done, last })), { epoch: 3, notes: ['a', { text: 'b' }], done: false, last: null }) // prettier-ignore
  t.is(best, Infinity)

  // Any reader of safetensors finds the tensors under their paths.
  const header = await lora.loadHeader(at('run'))
  t.true(header.tensors.some(({ name }) => name === 'model.weight'))
  t.true(header.tensors.some(({ name }) => name === 'optimizer.state.0.exp_avg'))
  t.is(header.metadata['by'], 'a test')
})

const OPTIMIZERS: Record<string, (params: lora.Tensor[]) => lora.optim.AdamW> = {
  AdamW: (params) => new optim.AdamW(params, { lr: 0.1, amsgrad: true }),
  Adam: (params) => new optim.Adam(params, { lr: 0.1 }) as never,
  SGD: (params) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }) as never,
  'SGD without momentum': (params) => new optim.SGD(params, { lr: 0.1 }) as never,
  Adafactor: (params) => new optim.Adafactor(params, { lr: 0.1, relativeStep: false }) as never,
  NlgAdamW: (params) => new optim.NlgAdamW(params, { lr: 0.1 }) as never,
}

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  test(`the state of ${name} goes through a file, with one of OneCycleLR or ReduceLROnPlateau beside it`, async (t) => {
    const run = () => {
      const weight = lora.nn.parameter(lora.tensor([[1, 2], [3, 4]])) // prettier-ignore
      const optimizer = make([weight])
      const cycleMomentum = 'betas' in optimizer.paramGroups[0]!
      const cycle = new optim.lrScheduler.OneCycleLR(optimizer, { maxLr: 0.5, totalSteps: 9, cycleMomentum })
      const plateau = new optim.lrScheduler.ReduceLROnPlateau(optimizer, { patience: 0 })
      const step = async () => {
        await weight.square().sum().backward()
        await optimizer.step()
        optimizer.zeroGrad()
        cycle.step()
      }
      return { weight, optimizer, cycle, plateau, step }
    }
    const first = run()
    await first.step()
    const { weight, optimizer, cycle, plateau } = first
    const state = { weight, optimizer: optimizer.stateDict(), cycle: cycle.stateDict(), plateau: plateau.stateDict() }
    await lora.save(state, at(`optimizer-${name}`))
    await first.step()
    const second = run()
    const back = await lora.load<typeof state>(at(`optimizer-${name}`))
    lora.noGrad(() => second.weight.copy_(back.weight))
    second.plateau.loadStateDict(back.plateau)
    second.optimizer.loadStateDict(back.optimizer)
    second.cycle.loadStateDict(back.cycle)
    t.is(second.plateau.best, Infinity)
    await second.step()
    await same(t, second.weight, weight)
    t.deepEqual(second.optimizer.paramGroups[0]!.lr, optimizer.paramGroups[0]!.lr)
  })
}

test('a model finds its state dict in a checkpoint by itself', async (t) => {
  const [model, other] = [new nn.Linear(3, 2), new nn.Linear(3, 2)]
  await lora.save({ model: model.stateDict(), epoch: 1 }, at('found'))
  other.loadStateDict(await lora.load(at('found')))
  await same(t, other.weight, model.weight)
})

test('save and load: every kind of value comes back as what it was', async (t) => {
  const tensor = lora.tensor([1.5, -2])
  const whole = lora.tensor([7n])
  const object = {
    numbers: [0, -0, 1.5, 2 ** 60, Number.MIN_VALUE, Infinity, -Infinity, Number.NaN],
    big: [2n ** 80n, -1n],
    texts: ['', 'ü\n"\\', '\ud83d\ude00'],
    flags: [true, false, null],
    empty: { list: [], object: {}, map: new Map() },
    map: new Map<unknown, unknown>([
      [1, 'one'],
      ['1', tensor],
      [2n, whole],
      [null, [tensor]],
    ]),
    $tensor: 'a text under a key with a dollar',
    $$: { $map: 1, $number: [{ $bigint: tensor }] },
    'a.b': tensor,
    a: { b: whole },
    '': tensor,
    __metadata__: tensor,
    toString: 3,
    constructor: { prototype: 4 },
  }
  Object.defineProperty(object, '__proto__', { value: 5, enumerable: true })
  await lora.save(object, at('all'))
  const back = await lora.load<Record<string, unknown>>(at('all'))
  t.deepEqual(Object.keys(back), Object.keys(object))
  t.is(Object.getPrototypeOf(back), null)
  t.is(back['__proto__'], 5)
  t.deepEqual(back['numbers'], object.numbers)
  t.true(Object.is((back['numbers'] as number[])[1], -0))
  for (const key of ['big', 'texts', 'flags', '$tensor', 'toString'] as const) t.deepEqual(back[key], object[key])
  const map = back['map'] as Map<unknown, lora.Tensor & lora.Tensor[]>
  t.deepEqual([...map.keys()], [1, '1', 2n, null])
  t.deepEqual(await numbers(map.get('1')!), [1.5, -2])
  t.deepEqual(await numbers(map.get(2n)!), [7])
  t.deepEqual(await numbers(map.get(null)![0]!), [1.5, -2])
  t.deepEqual(await numbers(back['a.b'] as lora.Tensor), [1.5, -2])
  t.deepEqual(await numbers((back['a'] as { b: lora.Tensor }).b), [7])
  t.deepEqual(await numbers(back[''] as lora.Tensor), [1.5, -2])
  t.deepEqual(await numbers(back['__metadata__'] as lora.Tensor), [1.5, -2])
  const dollars = back['$$'] as { $map: number; $number: { $bigint: lora.Tensor }[] }
  t.is(dollars.$map, 1)
  t.deepEqual(await numbers(dollars.$number[0]!.$bigint), [1.5, -2])
  const { map: none, list, object: nothing } = back['empty'] as Record<string, unknown>
  t.true(none instanceof Map && none.size === 0 && Array.isArray(list) && Object.keys(nothing as object).length === 0)
})

test('save: a state dict is an ordinary file, with nothing beside its tensors', async (t) => {
  await lora.save(new nn.Linear(2, 2).stateDict(), at('plain'))
  t.deepEqual((await lora.loadHeader(at('plain'))).metadata, { format: 'pt' })
})

test('save: the tensors are those of the call, and a mapped file is read like any other', async (t) => {
  const weight = lora.ones([3])
  const saving = lora.save({ model: { weight }, step: 1 }, at('snapshot'))
  weight.fill_(7)
  await saving
  const back = await lora.load<{ model: { weight: lora.Tensor }; step: number }>(at('snapshot'), { mapped: true })
  await same(t, back.model.weight, [1, 1, 1])
  t.is(back.step, 1)
})

test('save: what cannot be saved is refused with its place, and no file is written', async (t) => {
  const circle: Record<string, unknown> = { epoch: 1 }
  circle['self'] = { circle }
  let deep: Record<string, unknown> = { end: 1 }
  for (let i = 0; i < 600; i++) deep = { deep }
  const refused: [object: Record<string, unknown>, message: RegExp][] = [
    [{ a: { f: () => 1 } }, /a\.f cannot be saved/],
    [{ a: [1, undefined] }, /a\.1 cannot be saved/],
    [{ a: undefined, b: 1 }, /a cannot be saved/],
    [{ model: new nn.Linear(2, 2) }, /model cannot be saved.*save its stateDict\(\)/s],
    [{ data: new Float32Array(2), n: 1 }, /data cannot be saved.*lora\.tensor/s],
    [{ when: new Date(0), n: 1 }, /when cannot be saved/],
    [{ symbol: Symbol('x'), n: 1 }, /symbol cannot be saved/],
    [{ map: new Map([[{}, 1]]) }, /a key cannot be saved/],
    [circle, /holds itself/],
    [deep, /too deep/],
    [new nn.Linear(2, 2) as never, /./],
    [[1, 2] as never, /./],
    [null as never, /./],
  ]
  for (const [object, message] of refused) {
    await t.throwsAsync(lora.save(object, at('refused')), { instanceOf: lora.OptionError, message })
  }
  const metadata = { 'loralib.object': 'x' }
  await t.throwsAsync(lora.save({ n: 1 }, at('refused'), { metadata }), { message: /loralib\.object/ })
  t.throws(() => readFileSync(at('refused')), { code: 'ENOENT' })
  const shared = { a: 1 }
  await lora.save({ one: shared, two: shared }, at('twice'))
  t.deepEqual({ ...(await lora.load<{ two: object }>(at('twice'))).two }, { a: 1 })
})

test('load: an object that does not fit its file is refused, and leaves no tensor', async (t) => {
  let deep = '1'
  for (let i = 0; i < 600; i++) deep = `[${deep}]`
  const refused: [object: unknown, tensors?: Record<string, unknown>][] = [
    ['{'],
    ['3'],
    [{ version: 2, object: { a: 1 } }],
    [{ version: 1, object: [1] }],
    [{ version: 1, object: { $tensor: 'w' } }, ONE],
    [{ version: 1 }],
    [{ version: 1, object: { a: { $tensor: 'v' } } }, ONE],
    [{ version: 1, object: { a: { $tensor: 'toString' } } }],
    [{ version: 1, object: { a: { $tensor: 'w', more: 1 } } }, ONE],
    [{ version: 1, object: { a: { $new: 1 } } }],
    [{ version: 1, object: { a: { $number: '7' } } }],
    [{ version: 1, object: { a: { $bigint: '0x7' } } }],
    [{ version: 1, object: { a: { $map: [[1]] } } }],
    [{ version: 1, object: { a: { $map: [[{ x: 1 }, 1]] } } }],
    [{ version: 1, object: { a: 1 } }, ONE],
    [`{"version": 1, "object": {"a": ${deep}}}`],
  ]
  await lora.settle()
  const before = lora.memory().total.tensors
  for (const [i, [object, tensors]] of refused.entries()) {
    const path = damaged(`damaged-${i}`, object, tensors)
    await t.throwsAsync(lora.load(path), { instanceOf: lora.FormatError, message: /object/ }, JSON.stringify(object))
  }
  await lora.settle()
  t.is(lora.memory().total.tensors, before)
})
