// Exceptions in functions of the caller: they are passed on unchanged and leave no state behind. A wrong result of such a function is an error of ours.
import * as lora from 'loralib'
import { passes, sync } from './judge.mjs'

const { nn } = lora
const leaf = (...values) => lora.tensor(values, { requiresGrad: true })

/** A module with a given forward, inside another. */
class Inner extends nn.Module {
  weight = nn.parameter(lora.ones([2]))
  constructor(work) {
    super()
    this.work = { run: work }
  }
  forward(x) {
    return this.work.run(x.mul(this.weight))
  }
}

class Outer extends nn.Module {
  constructor(work) {
    super()
    this.inner = new Inner(work)
  }
  forward(x) {
    return this.inner.forward(x)
  }
}

const thrower = (error) => () => {
  throw error
}

/** A Function with given forward and backward. */
function functionOf(forward, backward) {
  return class Own extends lora.Function {
    static forward(_ctx, x) {
      return forward(x)
    }
    static backward(_ctx, grad) {
      return backward(grad)
    }
  }
}

function hooked(hook) {
  const x = leaf(1, 2)
  const y = x.mul(2)
  y.registerHook(hook)
  y.sum().backward()
}

/** A checkpointed block that works the first time and throws when backward recomputes it. */
function second(error) {
  let runs = 0
  const y = lora.checkpoint((x) => {
    if (++runs === 2) throw error
    return x.exp()
  }, leaf(1))
  y.backward()
}

async function evaluated(model, work) {
  model.eval()
  try {
    return await work()
  } finally {
    model.train()
  }
}

async function streamed({ model }, error) {
  await evaluated(model, async () => {
    for await (const { id } of model.stream([[1, 2]], { maxNewTokens: 5 })) if (id >= 0) throw error
  })
}

async function loaded(loader) {
  for await (const batch of loader) void batch
}

export const group = 'exceptions in callbacks'
export const cases = [
  ...passes('sync', [
    ['in noGrad', (_, error) => lora.noGrad(thrower(error))],
    ['in scope', (_, error) => lora.scope(() => thrower(error)(lora.ones([3])))],
    ['in anomaly', (_, error) => lora.anomaly(thrower(error))],
    ['in stream.run', inStream],
    ['in the forward of a module, deep', (_, error) => new Outer(thrower(error)).forward(lora.ones([2]))],
    ['in a forward hook', forwardHook],
    ['in a backward hook of a module', moduleHook],
    ['in a gradient hook', (_, error) => hooked(thrower(error))],
    ['in the forward of a Function', (_, error) => functionOf(thrower(error), (g) => g).apply(leaf(1))],
    [
      'in the backward of a Function',
      (_, error) =>
        functionOf((x) => x.mul(2), thrower(error))
          .apply(leaf(1))
          .backward(),
    ],
    ['in a checkpoint', (_, error) => lora.checkpoint(thrower(error), leaf(1))],
    ['in the second run of a checkpoint', (_, error) => second(error)],
    ['in a plain loop over a dataset', (_, error) => [...new lora.DataLoader({ length: 2, get: thrower(error) })]],
  ]),
  ...passes('rejects', [
    ['in a dataset', (_, error) => loaded(new lora.DataLoader({ length: 2, get: async () => thrower(error)() }))],
    ['in collate', (_, error) => loaded(new lora.DataLoader([1, 2], { collate: thrower(error) }))],
    ['in a sampler', (_, error) => loaded(new lora.DataLoader([1, 2], { sampler: { length: 2, *[Symbol.iterator]() { yield 0; throw error } } }))], // prettier-ignore
    [
      'in onToken',
      ({ model }, error) => evaluated(model, () => model.generate([[1]], { maxNewTokens: 3, onToken: thrower(error) })),
    ],
    [
      'in an async onToken',
      ({ model }, error) =>
        evaluated(model, () => model.generate([[1]], { maxNewTokens: 3, onToken: async () => thrower(error)() })),
    ],
    [
      'in stop',
      ({ model }, error) => evaluated(model, () => model.generate([[1]], { maxNewTokens: 3, stop: thrower(error) })),
    ],
    ['in the loop over a stream of tokens', streamed],
    [
      'the reason of a signal, as the cause of the error',
      ({ model }, error) =>
        evaluated(model, () => model.generate([[1]], { maxNewTokens: 3, signal: AbortSignal.abort(error) })).catch(
          (aborted) => {
            if (aborted.code !== 'ERR_LORA_ABORTED') throw aborted
            throw aborted.cause
          },
        ),
    ],
    [
      'in the function of gradcheck',
      (_, error) => lora.gradcheck(thrower(error), [lora.ones([1], { dtype: 'f64', requiresGrad: true })]),
    ],
  ]),
  ...sync('ERR_LORA_OPTION', [
    ['a gradient hook that returns a number', () => hooked(() => 5), { received: /5/ }],
    [
      'a Function that returns no tensor',
      () =>
        functionOf(
          () => 5,
          (g) => g,
        ).apply(leaf(1)),
      { received: /number/ },
    ],
    [
      'a Function whose gradient is no tensor',
      () =>
        functionOf(
          (x) => x.mul(2),
          () => 5,
        )
          .apply(leaf(1))
          .backward(),
      { received: /5/ },
    ],
  ]),
  ...sync('ERR_LORA_SHAPE', [
    ['a gradient hook that returns another shape', () => hooked(() => lora.ones([3])), { received: /3/ }],
    [
      'a Function whose gradient has another shape',
      () =>
        functionOf(
          (x) => x.mul(2),
          () => lora.ones([3]),
        )
          .apply(leaf(1))
          .backward(),
      { received: /3/ },
    ],
    [
      'a forward whose shapes do not fit, deep: its path',
      () => new Outer((x) => x.add(lora.ones([3]))).forward(lora.ones([2])),
      { op: 'add', path: 'inner' },
    ],
  ]),
  ...sync('ERR_LORA_DTYPE', [
    [
      'a Function whose gradient has another dtype',
      () =>
        functionOf(
          (x) => x.mul(2),
          (g) => g.to('f64'),
        )
          .apply(leaf(1))
          .backward(),
      { received: /f64/ },
    ],
  ]),
]

function inStream(_, error) {
  const stream = lora.stream()
  try {
    stream.run(thrower(error))
  } finally {
    stream.close()
  }
}

function forwardHook(_, error) {
  const layer = new nn.Linear(2, 2)
  layer.registerForwardHook(thrower(error))
  layer.forward(lora.ones([1, 2]))
}

function moduleHook(_, error) {
  const layer = new nn.Linear(2, 2)
  layer.registerFullBackwardHook(thrower(error))
  layer
    .forward(lora.ones([1, 2]))
    .sum()
    .backward()
}
