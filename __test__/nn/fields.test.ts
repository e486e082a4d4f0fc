// Where modules may be kept, and what happens to those that nobody sees.
import test from 'ava'
import * as lora from 'loralib'

const { nn } = lora

test('fields: modules and parameters in plain objects are registered, trained and saved', async (t) => {
  class Net extends nn.Module {
    parts = { first: new nn.Linear(2, 2), deeper: { second: new nn.Linear(2, 1) } }
    own = { scale: nn.parameter(lora.ones([1])), plain: lora.ones([3]), text: 'a' }
    override forward(x: lora.Tensor): lora.Tensor {
      return this.parts.deeper.second.forward(this.parts.first.forward(x)).mul(this.own.scale)
    }
  }
  const net = new Net()
  t.deepEqual(
    [...net.namedParameters()].map(([name]) => name),
    ['own.scale', 'parts.first.weight', 'parts.first.bias', 'parts.deeper.second.weight', 'parts.deeper.second.bias'],
  )
  t.is(net.getSubmodule('parts.deeper.second'), net.parts.deeper.second)
  const other = new Net()
  other.loadStateDict(net.stateDict())
  const x = lora.rand([3, 2])
  t.deepEqual(await other.forward(x).tolist(), await net.forward(x).tolist())
  net.to('f64')
  t.is(net.own.scale.dtype, 'f64')
  t.is(net.parts.deeper.second.weight.dtype, 'f64')
})

test('fields: a plain object that holds itself ends the walk', (t) => {
  class Net extends nn.Module {
    config: Record<string, unknown> = { size: 2 }
    layer = new nn.Linear(2, 2)
    override forward(x: lora.Tensor): lora.Tensor {
      return this.layer.forward(x)
    }
  }
  const net = new Net()
  net.config.self = net.config
  t.is(net.parameters().length, 2)
})

test('fields: a Set of modules or parameters is refused, one of texts is not', (t) => {
  class Net extends nn.Module {
    items = new Set<unknown>()
    override forward(x: lora.Tensor): lora.Tensor {
      return x
    }
  }
  const net = new Net()
  net.items.add('a')
  t.deepEqual(net.parameters(), [])
  net.items.add(new nn.Linear(1, 1))
  t.throws(() => net.parameters(), { code: 'ERR_LORA_OPTION', message: /Net\.items.*Set/s })
  t.throws(() => net.stateDict(), { code: 'ERR_LORA_OPTION' })
})

class Hidden extends nn.Module {
  readonly #layer = new nn.Linear(2, 2)
  get layer(): lora.nn.Linear {
    return this.#layer
  }
  override forward(x: lora.Tensor): lora.Tensor {
    return this.#layer.forward(x)
  }
}

test('fields: a forward that calls a trainable module from a private field is an error', async (t) => {
  const net = new Hidden()
  const x = lora.ones([1, 2])
  for (let i = 0; i < 2; i++) {
    t.throws(() => net.forward(x), { code: 'ERR_LORA_OPTION', message: /Hidden calls a Linear.*private/s })
  }
  // In a larger model, too.
  t.throws(() => new nn.Sequential(net).forward(x), { code: 'ERR_LORA_OPTION' })
  // It may be a teacher, while no gradients are recorded; afterwards the question is asked again.
  const y = lora.noGrad(() => net.forward(x))
  t.is((await y.tolist() as number[][]).length, 1) // prettier-ignore
  t.throws(() => net.forward(x), { code: 'ERR_LORA_OPTION' })
  net.layer.requiresGrad_(false)
  t.notThrows(() => net.forward(x))
})

test('fields: modules of a hook and those that the caller passes in are no part of the model', (t) => {
  const probe = new nn.Linear(2, 1)
  const model = new nn.Sequential(new nn.Linear(2, 2))
  model.registerForwardHook((_: unknown, __: unknown, y: lora.Tensor) => void probe.forward(y))
  t.notThrows(() => model.forward(lora.ones([1, 2])))
  class Caller extends nn.Module {
    override forward(x: lora.Tensor, layer: lora.nn.Linear): lora.Tensor {
      return layer.forward(x)
    }
  }
  t.notThrows(() => new Caller().forward(lora.ones([1, 2]), probe))
})

test('fields: a module that is made in forward and stored in a field is found; a layer added to an array later, too', (t) => {
  class Grows extends nn.Module {
    layers: lora.nn.Linear[] = []
    override forward(x: lora.Tensor): lora.Tensor {
      if (this.layers.length === 0) this.layers.push(new nn.Linear(2, 2))
      return this.layers.reduce((y, layer) => layer.forward(y), x)
    }
  }
  const net = new Grows()
  const x = lora.ones([1, 2])
  net.forward(x)
  t.is(net.parameters().length, 2)
  net.layers.push(new nn.Linear(2, 2))
  t.notThrows(() => net.forward(x))
  t.is(net.parameters().length, 4)
})

test('fields: a vocabulary is not read in every forward, and a tensor that is added to it lives', async (t) => {
  const reads = { count: 0 }
  const counted = new Proxy(
    Array.from({ length: 50_000 }, (_, i) => `word ${i}`),
    {
      get(list, key) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads.count++
        return Reflect.get(list, key) as unknown
      },
    },
  )
  class Net extends nn.Module {
    words: unknown[] = counted
    ids = new Map<string, unknown>(Array.from({ length: 50_000 }, (_, i) => [`word ${i}`, i]))
    layer = new nn.Linear(2, 2)
    keep = false
    override forward(x: lora.Tensor): lora.Tensor {
      const y = this.layer.forward(x)
      if (this.keep) {
        this.words.push(y.mul(2))
        this.ids.set('of this forward', y.mul(3))
      }
      return y
    }
  }
  const net = new Net()
  const x = lora.ones([1, 2])
  net.forward(x)
  reads.count = 0
  for (let i = 0; i < 10; i++) net.forward(x)
  t.is(reads.count, 0)
  net.keep = true
  const y = net.forward(x)
  const [[a]] = (await y.tolist()) as [[number, number]]
  const [[double]] = (await (net.words.at(-1) as lora.Tensor).tolist()) as [[number, number]]
  const [[triple]] = (await (net.ids.get('of this forward') as lora.Tensor).tolist()) as [[number, number]]
  t.is(double, Math.fround(2 * a))
  t.true(Math.abs(triple - 3 * a) <= 1e-6 * Math.abs(3 * a))
})
