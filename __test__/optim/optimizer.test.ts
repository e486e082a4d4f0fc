import test from 'ava'
import * as lora from 'loralib'
import type { Tensor } from 'loralib'
import { close, numbers, same, wave } from '../support/close.js'

const { nn, optim } = lora

const START = wave(5, 0.9)
const GRADS = Array.from({ length: 4 }, (_, s) => wave(5, 1.3 + s))

const parameter = (dtype: 'f32' | 'f64' = 'f64') => nn.parameter(lora.tensor(START, { dtype }))

async function run(
  make: (p: Tensor) => { step(): PromiseLike<void> },
  dtype: 'f32' | 'f64' = 'f64',
): Promise<number[]> {
  const p = parameter(dtype)
  const optimizer = make(p)
  for (const grad of GRADS) {
    p.grad = lora.tensor(grad, { dtype })
    await optimizer.step()
  }
  return numbers(p)
}

/** One loop over all updates of one parameter: (value, gradient, moments, step) → value. */
function loop(update: (p: number, g: number, s: { m: number; v: number }, t: number) => number): number[] {
  return START.map((start, i) => {
    const state = { m: 0, v: 0 }
    return GRADS.reduce((p, grad, s) => update(p, grad[i]!, state, s + 1), start)
  })
}

const [LR, B1, B2, EPS, WD] = [0.02, 0.9, 0.99, 1e-6, 0.1]

function adam(p: number, g: number, s: { m: number; v: number }, t: number): number {
  s.m = B1 * s.m + (1 - B1) * g
  s.v = B2 * s.v + (1 - B2) * g * g
  return p - (LR * (s.m / (1 - B1 ** t))) / (Math.sqrt(s.v / (1 - B2 ** t)) + EPS)
}

test('optim.AdamW: weight decay beside the update (f32, f64)', async (t) => {
  const want = loop((p, g, s, n) => adam(p * (1 - LR * WD), g, s, n))
  const options = { lr: LR, betas: [B1, B2] as const, eps: EPS, weightDecay: WD }
  for (const dtype of ['f32', 'f64'] as const) {
    await close(t, await run((p) => new optim.AdamW([p], options), dtype), want, dtype)
  }
})

test('optim.Adam: weight decay in the gradient', async (t) => {
  const want = loop((p, g, s, n) => adam(p, g + WD * p, s, n))
  const options = { lr: LR, betas: [B1, B2] as const, eps: EPS, weightDecay: WD }
  await close(t, await run((p) => new optim.Adam([p], options)), want, 'f64')
})

test('optim.Adam: with decoupledWeightDecay it is AdamW, bit for bit (f32, f64, amsgrad)', async (t) => {
  const options = { lr: LR, betas: [B1, B2] as const, eps: EPS, weightDecay: WD }
  for (const dtype of ['f32', 'f64'] as const) {
    for (const amsgrad of [false, true]) {
      const want = await run((p) => new optim.AdamW([p], { ...options, amsgrad }), dtype)
      const decoupled = { ...options, amsgrad, decoupledWeightDecay: true }
      t.deepEqual(await run((p) => new optim.Adam([p], decoupled), dtype), want)
    }
  }
  const want = loop((p, g, s, n) => adam(p * (1 - LR * WD), g, s, n))
  const oneGroup = (p: Tensor) => new optim.Adam([{ params: [p], decoupledWeightDecay: true }], options)
  await close(t, await run(oneGroup), want, 'f64')
})

test('optim.Adam: decoupledWeightDecay is saved under the name of PyTorch; AdamW, which always decays so, leaves it out', (t) => {
  const p = parameter()
  const saved = new optim.Adam([p], { decoupledWeightDecay: true }).stateDict()
  t.is(saved.param_groups[0]!['decoupled_weight_decay'], true)
  const adam = new optim.Adam([p])
  adam.loadStateDict(saved)
  t.true(adam.paramGroups[0]!.decoupledWeightDecay)
  // A state saved before PyTorch had the option.
  const { decoupled_weight_decay: _, ...older } = saved.param_groups[0]!
  adam.loadStateDict({ state: {}, param_groups: [older as (typeof saved.param_groups)[0]] })
  t.false(adam.paramGroups[0]!.decoupledWeightDecay)
  const adamw = new optim.AdamW([p])
  adamw.loadStateDict(saved)
  t.false('decoupledWeightDecay' in adamw.paramGroups[0]!)
  t.throws(() => new optim.AdamW([p], { decoupledWeightDecay: true } as never), { instanceOf: lora.OptionError })
})

test('optim.NlgAdamW: eps outside the correction, decay after the update', async (t) => {
  const want = loop((p, g, s, n) => {
    s.m = B1 * s.m + (1 - B1) * g
    s.v = B2 * s.v + (1 - B2) * g * g
    const size = (LR * Math.sqrt(1 - B2 ** n)) / (1 - B1 ** n)
    const next = p - (size * s.m) / (Math.sqrt(s.v) + EPS)
    return next - LR * WD * next
  })
  const options = { lr: LR, betas: [B1, B2] as const, eps: EPS, weightDecay: WD }
  await close(t, await run((p) => new optim.NlgAdamW([p], options)), want, 'f64')
})

test('optim.SGD: momentum, dampening, Nesterov', async (t) => {
  const momentum = (nesterov: boolean, dampening: number) =>
    loop((p, g, s, n) => {
      s.m = n === 1 ? g : 0.9 * s.m + (1 - dampening) * g
      return p - LR * (nesterov ? g + 0.9 * s.m : s.m)
    })
  const sgd = (options: object) => run((p) => new optim.SGD([p], { lr: LR, ...options }))
  await close(
    t,
    await sgd({}),
    loop((p, g) => p - LR * g),
    'f64',
  )
  await close(t, await sgd({ momentum: 0.9, dampening: 0.5 }), momentum(false, 0.5), 'f64')
  await close(t, await sgd({ momentum: 0.9, nesterov: true }), momentum(true, 0), 'f64')
})

test('optimizers: groups override options, parameters without a gradient are skipped and get no state', async (t) => {
  const [a, b, c] = [parameter(), parameter(), parameter()]
  const optimizer = new optim.SGD([{ params: [a] }, { params: [b, c], lr: 1 }], { lr: 0 })
  a.grad = lora.ones([5], { dtype: 'f64' })
  b.grad = lora.ones([5], { dtype: 'f64' })
  await optimizer.step()
  await same(t, a, START)
  await close(
    t,
    b,
    START.map((v) => v - 1),
    'f64',
  )
  await same(t, c, START)
  t.deepEqual(Object.keys(optimizer.stateDict().state), ['0', '1'])
  optimizer.zeroGrad()
  t.false(a.hasGrad)
})

test('optimizer.zeroGrad({ setToNone: false }): gradients stay the tensors that they were and hold 0 (f32, f64, bf16)', async (t) => {
  const shared = lora.ones([5])
  const dtypes = ['f32', 'f64', 'bf16', 'f32', 'f32', 'f32'] as const
  const params = dtypes.map((dtype) => nn.parameter(lora.tensor(START, { dtype })))
  const large = nn.parameter(lora.ones([3, 40_000]))
  const grads = [lora.ones([5]), lora.ones([5], { dtype: 'f64' }), lora.full([5], NaN), shared, shared, null]
  params.forEach((param, i) => (param.grad = grads[i]!))
  large.grad = lora.ones([3, 40_000])
  const optimizer = new optim.SGD([{ params }, { params: [large], lr: 1 }], { lr: 1, weightDecay: 0.5 })
  optimizer.zeroGrad({ setToNone: false })
  for (const [i, param] of params.entries()) {
    t.is(param.grad, grads[i]!, `gradient ${i}`)
    if (grads[i]) await same(t, grads[i], [0, 0, 0, 0, 0])
  }
  t.is(await large.grad.abs().max().item(), 0)
  await optimizer.step()
  await close(
    t,
    params[0]!,
    START.map((v) => v / 2),
    'f32',
  )
  await same(t, params[5]!, START.map(Math.fround))
  new optim.SGD([params[5]!]).zeroGrad({ setToNone: false })
})

test('optimizers: state is two f32 tensors for each parameter, also beside a step of another count', async (t) => {
  const [a, b] = [parameter('f32'), parameter('f32')]
  const optimizer = new optim.AdamW([a, b])
  a.grad = lora.ones([5])
  await optimizer.step()
  b.grad = lora.ones([5])
  await optimizer.step()
  const { state } = optimizer.stateDict()
  t.is(state[0]!['step'], 2)
  t.is(state[1]!['step'], 1)
  t.deepEqual(Object.keys(state[1]!), ['step', 'exp_avg', 'exp_avg_sq'])
  t.is((state[1]!['exp_avg'] as Tensor).dtype, 'f32')
})

test('optimizers: a saved state goes on as if never interrupted; names are those of PyTorch', async (t) => {
  const straight = await run((p) => new optim.AdamW([p], { lr: LR, amsgrad: true }))
  const first = parameter()
  const before = new optim.AdamW([first], { lr: LR, amsgrad: true })
  for (const grad of GRADS.slice(0, 2)) {
    first.grad = lora.tensor(grad, { dtype: 'f64' })
    await before.step()
  }
  const second = nn.parameter(first.detach().clone())
  const after = new optim.AdamW([second])
  const saved = before.stateDict()
  t.deepEqual(saved.param_groups[0], {
    lr: LR,
    betas: [0.9, 0.999],
    eps: 1e-8,
    weight_decay: 0.01,
    amsgrad: true,
    maximize: false,
    params: [0],
  })
  after.loadStateDict(saved)
  for (const grad of GRADS.slice(2)) {
    second.grad = lora.tensor(grad, { dtype: 'f64' })
    await after.step()
  }
  await close(t, second, straight, 'f64')
})

test('optimizers: bad parameters and options are errors where they are given', (t) => {
  const p = parameter()
  const refused = (make: () => unknown, message: RegExp) => t.throws(make, { instanceOf: lora.OptionError, message })
  refused(() => new optim.AdamW([]), /no parameters/)
  refused(() => new optim.AdamW(p as never), /model\.parameters\(\)/)
  refused(() => new optim.AdamW([p, p]), /each parameter once/)
  refused(() => new optim.AdamW([p.mul(2)]), /leaves/)
  refused(() => new optim.AdamW([p], { lr: -1 }), /lr/)
  refused(() => new optim.AdamW([p], { betas: [0.9, 1] }), /betas/)
  refused(() => new optim.AdamW([p], { weight_decay: 0.1 } as never), /write weightDecay/)
  refused(() => new optim.SGD([p], { nesterov: true }), /momentum/)
  const optimizer = new optim.AdamW([p])
  const wrong: [unknown, RegExp][] = [
    [{ state: {}, param_groups: [] }, /param_groups/],
    [null, /an object with state and param_groups/],
    [{ optimizer: optimizer.stateDict() }, /that part of a checkpoint/],
    [{ state: {}, param_groups: [{}] }, /numbers of its params/],
    [{ state: {}, param_groups: [{ params: [0, 1] }] }, /groups of 1 parameters/],
    [{ state: { 0: { step: 1.5 } }, param_groups: [{ params: [0] }] }, /a number of updates/],
    [{ state: { 0: { step: lora.tensor(1) } }, param_groups: [{ params: [0] }] }, /stateFromTorch/],
  ]
  for (const [state, message] of wrong) refused(() => optimizer.loadStateDict(state as never), message)
})

test('optimizers: a state that PyTorch saved is taken over', async (t) => {
  const p = parameter()
  p.grad = lora.tensor(GRADS[0]!, { dtype: 'f64' })
  const first = new optim.AdamW([p], { lr: LR })
  await first.step()
  const { state, param_groups } = first.stateDict()
  // As `load` gives a file of torch.save: the numbers are keys of a Map, the step is a tensor.
  const saved = { state: new Map([[0, { ...state[0], step: lora.tensor(1) }]]), param_groups }
  const second = nn.parameter(p.detach().clone())
  const after = new optim.AdamW([second])
  after.loadStateDict(await optim.stateFromTorch(saved))
  for (const [each, optimizer] of [
    [p, first],
    [second, after],
  ] as const) {
    each.grad = lora.tensor(GRADS[1]!, { dtype: 'f64' })
    await optimizer.step()
  }
  t.deepEqual([...(await second.data())], [...(await p.data())])
  await t.throwsAsync(optim.stateFromTorch({ state: {} }), { instanceOf: lora.OptionError, message: /param_groups/ })
  const momentum = { state: new Map([[0, { momentum_buffer: p.detach() }]]), param_groups: [{ params: [0] }] }
  t.is((await optim.stateFromTorch(momentum)).state[0]!['step'], 1)
})
