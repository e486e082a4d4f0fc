import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import * as lora from 'loralib'
import { numbers } from '../support/close.js'
import { folderWith } from '../support/files.js'
import { warningsOf } from '../support/warnings.js'

const { nn, optim, train } = lora
const { functional } = nn

/** Draws each order from a state of its own. */
class Shuffle {
  readonly length = 12
  constructor(private seed: number) {}

  *[Symbol.iterator](): Iterator<number> {
    const order = Array.from({ length: this.length }, (_, i) => i)
    for (let i = order.length - 1; i > 0; i--) {
      this.seed = (this.seed * 1103515245 + 12345) % 2 ** 31
      const j = this.seed % (i + 1)
      ;[order[i], order[j]] = [order[j]!, order[i]!]
    }
    yield* order
  }

  stateDict(): { seed: number } {
    return { seed: this.seed }
  }

  loadStateDict({ seed }: { seed: number }): void {
    this.seed = seed
  }
}

/** Batch norm, noise of a generator of its own, dropout on another stream, an average of its activations. */
class Net extends nn.Module {
  norm = new nn.BatchNorm1d(4)
  out = new nn.Linear(4, 1)
  average!: lora.Tensor

  constructor(
    readonly noise: lora.Generator,
    private readonly dropped: (x: lora.Tensor) => lora.Tensor,
  ) {
    super()
    this.registerBuffer('average', lora.zeros([4]), { persistent: false })
  }

  forward(x: lora.Tensor): lora.Tensor {
    const h = this.norm.forward(x)
    lora.noGrad(() => this.average.mul_(0.9).add_(h.mean(0)))
    const noisy = h.add(lora.randn([...h.shape], { generator: this.noise }).mul(0.1)).add(this.average)
    return this.out.forward(functional.dropout(this.dropped(noisy), 0.2, true))
  }
}

const ROWS = Array.from({ length: 12 }, (_, i) => ({
  x: Float32Array.from([0, 1, 2, 3], (k) => Math.sin(i * 4 + k)),
  y: Float32Array.of(Math.cos(i)),
}))
type Rows = { x: lora.Tensor; y: lora.Tensor }
const batchOf = (rows: typeof ROWS): Rows => lora.data.defaultCollate(rows)

/** Stops counting once the loss has not fallen for a while; its best loss begins at infinity. */
class Patience {
  best = Infinity
  stale = 0

  see(loss: number): void {
    this.stale = loss < this.best ? 0 : this.stale + 1
    this.best = Math.min(this.best, loss)
  }

  stateDict(): object {
    return { best: this.best, stale: this.stale, never: -0, count: 2n ** 70n }
  }

  loadStateDict(state: { best: number; stale: number; never: number; count: bigint }): void {
    if (!Object.is(state.never, -0) || state.count !== 2n ** 70n) throw new Error('the state came back as another one')
    Object.assign(this, { best: state.best, stale: state.stale })
  }
}

function setup(t: ExecutionContext, seed = 1) {
  lora.manualSeed(seed)
  const side = lora.stream({ seed: seed + 10 })
  t.teardown(() => side.close())
  const model = new Net(new lora.Generator(seed + 20), (x) => side.run(() => functional.dropout(x, 0.3, true)))
  // A parameter of the loss that the model does not have.
  const scale = nn.parameter(lora.ones([1]))
  const optimizer = new optim.AdamW([...model.parameters(), scale], { lr: 0.05 })
  const schedule = new optim.lrScheduler.CosineWarmup(optimizer, { warmup: 2, total: 12 })
  const loader = new lora.DataLoader(ROWS, { batchSize: 2, sampler: new Shuffle(seed + 30) })
  const patience = new Patience()
  const run = { model, optimizer, schedule, loader, stateful: { side, patience } }
  const losses: number[] = []
  const loss = ({ x, y }: Rows) => model.forward(x).mul(scale).sub(y).square().mean()
  const go = (steps: number, startStep = 0) =>
    train.runLoop({
      ...{ loader, loss, optimizer, schedule, steps, startStep, gradientAccumulationSteps: 2, maxGradNorm: 1 },
      onStep: (report) => {
        losses.push(report.loss)
        patience.see(report.loss)
      },
    })
  const state = async () => ({
    tensors: await Promise.all([...model.namedTensors()].map(async ([name, tensor]) => [name, await numbers(tensor)])),
    scale: await numbers(scale),
    rates: schedule.getLastLr(),
    patience: { ...patience },
    draws: [lora.getRngState(), side.getRngState(), model.noise.getState()],
    losses: losses.slice(-4),
  })
  return { run, model, side, optimizer, loader, patience, scale, losses, loss, go, state }
}

for (const stop of [1, 3, 4, 6]) {
  test.serial(
    `a run that stops after ${stop} of 8 updates and goes on elsewhere has the bits of one that never stopped`,
    async (t) => {
      const whole = setup(t)
      await whole.go(8)
      const dir = await folderWith(t)
      const first = setup(t)
      await first.go(stop)
      const warnings = await warningsOf(async () => {
        await train.saveCheckpoint(dir, first.run, { step: stop, notes: { log: [NaN, Infinity] } })
      })
      t.deepEqual(warnings, [])
      const second = setup(t, 50)
      const { step, notes } = await train.loadCheckpoint((await train.lastCheckpoint(dir))!, second.run)
      t.deepEqual([step, notes], [stop, { log: [NaN, Infinity] }])
      await second.go(8, step)
      const [got, want] = [await second.state(), await whole.state()]
      t.deepEqual(got.losses.slice(-(8 - stop)), want.losses.slice(-(8 - stop)))
      t.deepEqual({ ...got, losses: [] }, { ...want, losses: [] })
    },
  )
}

test.serial(
  'a checkpoint in the middle of an update holds its gradients, and is of the moment of the call',
  async (t) => {
    const batch = batchOf(ROWS.slice(0, 4))
    const half = async ({ loss }: ReturnType<typeof setup>) => void (await loss(batch).backward())
    const end = async (parts: ReturnType<typeof setup>) => {
      await half(parts)
      await parts.optimizer.step()
      parts.optimizer.zeroGrad()
    }
    const whole = setup(t)
    await half(whole)
    await end(whole)
    const first = setup(t)
    await half(first)
    const dir = await folderWith(t)
    const saving = train.saveCheckpoint(dir, first.run, { step: 0, notes: {} })
    await end(first)
    const path = await saving
    const second = setup(t, 60)
    await train.loadCheckpoint(path, second.run)
    await end(second)
    t.deepEqual(await second.state(), await whole.state())
  },
)

test.serial('parameters that are frozen in the middle keep what they learnt', async (t) => {
  const first = setup(t)
  await first.go(2)
  first.model.out.requiresGrad_(false)
  const path = await train.saveCheckpoint(await folderWith(t), first.run, { step: 2, notes: {} })
  const second = setup(t, 70)
  second.model.out.requiresGrad_(false)
  await train.loadCheckpoint(path, second.run)
  t.deepEqual(await numbers(second.model.out.weight), await numbers(first.model.out.weight))
})

/** Writes a checkpoint after two updates, changes its JSON file, and gives a run of the same shape to load it. */
async function changed(t: ExecutionContext, change: (state: Record<string, unknown>) => unknown) {
  const first = setup(t)
  await first.go(2)
  const path = await train.saveCheckpoint(await folderWith(t), first.run, { step: 2, notes: {} })
  const file = join(path, 'trainer_state.json')
  const state = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
  const next = change(state)
  await writeFile(file, typeof next === 'string' ? next : JSON.stringify(state))
  await rm(join(path, 'SHA256SUMS'))
  return { path, first, second: setup(t, 80) }
}

test.serial('a checkpoint of an earlier version loads, and says what it does not hold', async (t) => {
  const { path, first, second } = await changed(t, (state) => {
    for (const key of ['format', 'madeWith', 'rest', 'gradients', 'stateful']) delete state[key]
    delete (state['optimizer'] as Record<string, unknown>)['moments']
    delete (state['loader'] as Record<string, unknown>)['sampler']
  })
  await rm(join(path, 'state.safetensors'))
  const warnings = await warningsOf(() => train.loadCheckpoint(path, second.run))
  t.deepEqual(warnings.map(({ code }) => code).toSorted(), ['LORA_CHECKPOINT_INCOMPLETE', 'LORA_SAMPLER_STATE'])
  t.regex(warnings.map(({ message }) => message).join(), /4 buffers and 3 generators, streams and objects/)
  t.deepEqual(await numbers(second.model.out.weight), await numbers(first.model.out.weight))
})

for (const [key, value] of [
  ['isa', 'neon9'],
  ['precision', 'medium'],
  ['threads', 99],
  ['device', 'cuda:7'],
] as const) {
  test.serial(`a checkpoint that was made with another ${key} says so`, async (t) => {
    const { path, second } = await changed(
      t,
      ({ madeWith }) => void ((madeWith as Record<string, unknown>)[key] = value),
    )
    const warnings = await warningsOf(() => train.loadCheckpoint(path, second.run))
    t.deepEqual(warnings.map(({ code }) => code), ['LORA_CHECKPOINT_OTHER_BACKEND']) // prettier-ignore
    t.regex(warnings[0]!.message, new RegExp(`${key} ${value}, not `))
  })
}

test.serial('a file that has changed is found by its checksum', async (t) => {
  for (const name of ['trained.safetensors', 'optimizer.safetensors', 'trainer_state.json']) {
    const dir = await folderWith(t)
    const { run } = setup(t)
    await setup(t).go(1)
    const path = await train.saveCheckpoint(dir, run, { step: 2, notes: {} })
    const bytes = await readFile(join(path, name))
    bytes[bytes.length - 3]! ^= 1
    await writeFile(join(path, name), bytes)
    await t.throwsAsync(train.loadCheckpoint(path, run), { code: 'ERR_LORA_FORMAT' }, name)
    await rm(join(path, name))
    await t.throwsAsync(train.loadCheckpoint(path, run), { message: /is damaged|is not a checkpoint/ }, name)
  }
})

test.serial('what is no checkpoint of this run is an error, and leaves the run as it was', async (t) => {
  const cases: [string, string, (state: Record<string, unknown>) => unknown][] = [
    ['a later format', 'ERR_LORA_FORMAT', (state) => void (state['format'] = 3)],
    ['no JSON', 'ERR_LORA_FORMAT', () => '{'],
    ['not an object', 'ERR_LORA_FORMAT', () => 'null'],
    ['a part left out', 'ERR_LORA_FORMAT', (state) => void delete state['loader']],
    [
      'a buffer more',
      'ERR_LORA_FORMAT',
      ({ rest }) => void (rest as { buffers: string[] }).buffers.push('buffer:more'),
    ],
    ['a parameter more', 'ERR_LORA_FORMAT', ({ parameters }) => void (parameters as string[]).push('more')],
    [
      'a moment more',
      'ERR_LORA_FORMAT',
      ({ optimizer }) => void (optimizer as { moments: string[] }).moments.push('9.x'),
    ],
    ['gradients that are not there', 'ERR_LORA_FORMAT', (state) => void (state['gradients'] = ['out.weight'])],
    [
      'another generator',
      'ERR_LORA_OPTION',
      ({ stateful }) => void ((stateful as object as { other: number[] }).other = []),
    ],
    ['no schedule', 'ERR_LORA_OPTION', (state) => void (state['schedule'] = null)],
    ['another loader', 'ERR_LORA_OPTION', ({ loader }) => void ((loader as { batchSize: number }).batchSize = 3)],
    [
      'groups of other sizes',
      'ERR_LORA_OPTION',
      ({ optimizer }) => void ((optimizer as { groups: unknown[] }).groups = []),
    ],
  ]
  for (const [what, code, change] of cases) {
    const { path, second } = await changed(t, change)
    const before = await second.state()
    await t.throwsAsync(train.loadCheckpoint(path, second.run), { code }, what)
    t.deepEqual(await second.state(), before, what)
  }
})

test.serial('when a part refuses its state, the parts before it get theirs back', async (t) => {
  const { path, second } = await changed(t, () => undefined)
  const position = second.loader.stateDict()
  const before = await second.state()
  const failing = { stateDict: () => 1, loadStateDict: () => { throw new Error('no') } } // prettier-ignore
  const run = { ...second.run, stateful: { ...second.run.stateful, patience: failing } }
  await t.throwsAsync(train.loadCheckpoint(path, run), { message: 'no' })
  t.deepEqual(await second.state(), before)
  t.deepEqual(second.loader.stateDict(), position)
})

test.serial('generators and streams that a checkpoint does not hold are said', async (t) => {
  const batch = batchOf(ROWS)
  const dir = await folderWith(t)
  const stray = new lora.Generator(3)
  const save = (run: lora.train.Run) => train.saveCheckpoint(dir, run, { step: 1, notes: {} })
  const draw = async ({ loss }: ReturnType<typeof setup>) =>
    void (await loss(batch)
      .add(lora.rand([1], { generator: stray }).sum())
      .item())

  const parts = setup(t)
  const run = { ...parts.run, stateful: { patience: parts.patience } }
  t.deepEqual(await warningsOf(() => save(run)), [])
  await draw(parts)
  const [first, ...more] = await warningsOf(() => save(run))
  t.is(first?.code, 'LORA_CHECKPOINT_INCOMPLETE')
  t.regex(first!.message, /1 generators and 1 streams/)
  t.deepEqual(more, [])
  await draw(parts)
  t.deepEqual(await warningsOf(() => save(run)), [], 'once')

  const named = setup(t)
  const held = { ...named.run, stateful: { ...named.run.stateful, stray } }
  await save(held)
  await draw(named)
  t.deepEqual(await warningsOf(() => save(held)), [])
})

test.serial('what cannot be saved is an error that says where it is', async (t) => {
  const { run } = setup(t)
  const dir = await folderWith(t)
  const circle: unknown[] = []
  circle.push(circle)
  for (const value of [() => 1, circle, new Float32Array(2), [undefined], new Date(), Symbol('s')]) {
    const saving = train.saveCheckpoint(dir, run, { step: 1, notes: { deep: [value] } })
    await t.throwsAsync(saving, { code: 'ERR_LORA_OPTION', message: /state\.notes\.deep\.0/ })
  }
  const stateful = { thing: { stateDict: () => 1 } as never }
  await t.throwsAsync(train.saveCheckpoint(dir, { ...run, stateful }, { step: 1, notes: {} }), {
    message: /stateful\.thing/,
  })
  t.deepEqual(await readdir(dir), [])
})

test.serial('notes come back as they were', async (t) => {
  const { run } = setup(t)
  const odd = { $number: 'a key like any other', $$x: 1, ['__proto__']: 2 }
  const notes = { odd, seen: new Map<unknown, unknown>([[1, [NaN, -0, -Infinity, 2n ** 70n]]]), none: null }
  const path = await train.saveCheckpoint(await folderWith(t), run, { step: 1, notes: { ...notes, left: undefined } })
  const back = await train.loadCheckpoint(path, run)
  t.deepEqual(back.notes, notes)
  t.deepEqual(Object.keys(back.notes.odd as object), ['$number', '$$x', '__proto__'])
})

test.serial('tensors in the state of an object go into the checkpoint', async (t) => {
  const parts = setup(t)
  const ema = { value: lora.tensor([1, 2, 3]), stateDict: () => ({ list: [ema.value] }), loadStateDict: ({ list }: { list: lora.Tensor[] }) => void (ema.value = list[0]!) } // prettier-ignore
  const twin = new nn.Linear(2, 2)
  const run = { ...parts.run, stateful: { ...parts.run.stateful, ema, twin } }
  const weight = await numbers(twin.weight)
  const path = await train.saveCheckpoint(await folderWith(t), run, { step: 1, notes: {} })
  ema.value = lora.zeros([3])
  lora.noGrad(() => twin.weight.zero_())
  await train.loadCheckpoint(path, run)
  t.deepEqual(await numbers(ema.value), [1, 2, 3])
  t.deepEqual(await numbers(twin.weight), weight)
})

test.serial('gradients that failed do not keep a run from being saved', async (t) => {
  const model = new nn.Linear(4, 4)
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 })
  const run = { model, optimizer, schedule: null, loader: new lora.DataLoader([1, 2]) }
  const stop = new AbortController()
  const own = lora.stream({ signal: stop.signal })
  await own
    .run(async () => {
      const big = lora.randn([1200, 1200])
      const slow = big.matmul(big).matmul(big).sum().mul(0)
      model
        .forward(lora.ones([2, 4]))
        .sum()
        .add(slow)
        .backward()
      stop.abort()
      await own.synchronize()
    })
    .catch(() => undefined)
  own.close()
  const dir = await folderWith(t)
  const warnings = await warningsOf(() => train.saveCheckpoint(dir, run, { step: 1, notes: {} }))
  t.deepEqual(warnings.map(({ code }) => code), ['LORA_CHECKPOINT_INCOMPLETE']) // prettier-ignore
  t.regex(warnings[0]!.message, /no gradients/)
  t.deepEqual(await readdir(dir), ['checkpoint-1'])
  t.truthy(await train.loadCheckpoint(join(dir, 'checkpoint-1'), run))
})

test.serial('keep deletes older checkpoints only', async (t) => {
  const { run } = setup(t)
  const dir = await folderWith(t)
  const save = (step: number, keep?: number) => train.saveCheckpoint(dir, run, { step, notes: {} }, keep)
  for (const step of [9, 1, 2]) await save(step)
  await save(3, 2)
  t.deepEqual((await readdir(dir)).toSorted(), ['checkpoint-2', 'checkpoint-3', 'checkpoint-9'])
})

test.serial(
  'an older checkpoint that somebody has mapped is deleted, or where the system does not allow it, later',
  async (t) => {
    const { run } = setup(t)
    const dir = await folderWith(t)
    const save = (step: number) => train.saveCheckpoint(dir, run, { step, notes: {} }, 1)
    const first = await save(1)
    const name = (await readdir(first)).find((file) => file.endsWith('.safetensors'))!
    const mapped = await lora.load(join(first, name), { mapped: true })
    const before = await Promise.all(Object.values(mapped).map((tensor) => tensor.tolist()))
    const warnings = await warningsOf(() => save(2))
    const isKept = (await readdir(dir)).includes('checkpoint-1')
    t.deepEqual(warnings.map(({ code }) => code), isKept ? ['LORA_CHECKPOINT_KEPT'] : []) // prettier-ignore
    t.true(!isKept || process.platform === 'win32', 'other systems take away the name of a mapped file')
    t.deepEqual(await Promise.all(Object.values(mapped).map((tensor) => tensor.tolist())), before)
    for (const tensor of Object.values(mapped)) tensor.dispose()
    await lora.settle()
    await save(3)
    t.deepEqual(await readdir(dir), ['checkpoint-3'])
  },
)
