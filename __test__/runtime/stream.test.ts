import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from '../support/close.js'

const AGAIN = { instanceOf: lora.AbortedError, code: 'ERR_LORA_ABORTED', message: /the client left/ } as const

const slow = (n = 900) => {
  const x = lora.randn([n, n])
  return x.matmul(x).matmul(x)
}

test.serial('streams: one waits for what it reads of another, whichever is served first', async (t) => {
  const [first, second] = [lora.stream(), lora.stream({ priority: 9 })]
  const made = first.run(() => {
    const x = lora.ones([2])
    slow()
    return x.add(1)
  })
  const used = second.run(() => made.mul(3))
  await same(t, used, [6, 6])
  // And the other way: a change waits for the readers before it.
  const read = second.run(() => used.mul(1))
  first.run(() => lora.noGrad(() => used.fill_(0)))
  await same(t, read, [6, 6])
  await same(t, used, [0, 0])
  for (const s of [first, second]) s.close()
})

test.serial('streams: one of higher priority is served before what another has queued', async (t) => {
  const [training, chat] = [lora.stream(), lora.stream({ priority: 1 })]
  const order: string[] = []
  const work = training.run(() => Array.from({ length: 12 }, () => slow(500)).map((x) => x.sum()))
  // A read is queued in the stream that it is asked for in.
  const trained = training.run(() => work.at(-1)!.item()).then(() => order.push('training'))
  const answered = chat.run(() => lora.ones([4]).sum().item()).then(() => order.push('chat'))
  await Promise.all([trained, answered])
  t.deepEqual(order, ['chat', 'training'])
})

test.serial(
  'streams: an aborted one rejects, the others are not affected, and it can be used afterwards',
  async (t) => {
    const [doomed, other] = [lora.stream(), lora.stream()]
    const kept = doomed.run(() => lora.tensor([1, 2]))
    await doomed.synchronize()
    const late = doomed.run(() => {
      slow()
      return slow().sum()
    })
    const beside = other.run(() => lora.ones([2]).mul(7))
    const waits = late.item()
    const fence = doomed.synchronize()
    doomed.abort('the client left')
    const error = await t.throwsAsync(waits, { instanceOf: lora.AbortedError, code: 'ERR_LORA_ABORTED' })
    t.regex(error!.message, /the client left/)
    await fence.catch((e: unknown) => t.true(e instanceof lora.AbortedError))
    await same(t, beside, [7, 7])
    await same(t, kept, [1, 2])
    await same(
      t,
      doomed.run(() => kept.add(1)),
      [2, 3],
    )
    await t.throwsAsync(late.data(), { code: 'ERR_LORA_ABORTED' })
  },
)

test.serial('streams: each has a generator of its own', async (t) => {
  const draw = (seed: number, between: () => void = () => {}) => {
    const s = lora.stream({ seed })
    const first = s.run(() => lora.rand([3]))
    between()
    const second = s.run(() => lora.rand([3]))
    return lora.cat([first, second])
  }
  const plain = await numbers(draw(5))
  const disturbed = draw(5, () => {
    lora.manualSeed(1)
    lora.rand([100])
    lora.stream({ seed: 5 }).run(() => lora.rand([7]))
  })
  await same(t, disturbed, plain)
  t.notDeepEqual(await numbers(draw(6)), plain)
  lora.manualSeed(5)
  await same(t, lora.rand([6]).at([0, 3]), plain.slice(0, 3))
})

test.serial('streams: run gives the stream back, also after an error', async (t) => {
  const s = lora.stream()
  t.throws(
    () =>
      s.run(() => {
        throw new Error('of the caller')
      }),
    { message: 'of the caller' },
  )
  lora.manualSeed(2)
  const mine = await numbers(lora.rand([2]))
  lora.manualSeed(2)
  await same(t, lora.rand([2]), mine)
  s.close()
})

test.serial('streams: two trainers side by side give what each gives alone', async (t) => {
  const train = async (seed: number, s: lora.Stream) => {
    const { model, optimizer, x } = s.run(() => {
      lora.manualSeed(seed)
      const model = new lora.Linear(8, 8, { r: 2, loraDropout: 0.2 })
      return {
        model,
        optimizer: new lora.optim.AdamW([model.loraA!, model.loraB!], { lr: 0.1 }),
        x: lora.randn([4, 8]),
      }
    })
    await s.run(async () => {
      for (let i = 0; i < 5; i++) {
        model.forward(x).square().sum().backward()
        await optimizer.step()
        optimizer.zeroGrad()
      }
    })
    return numbers(model.loraB!)
  }
  const alone = [await train(1, lora.stream()), await train(2, lora.stream())]
  const together = await Promise.all([train(1, lora.stream()), train(2, lora.stream({ priority: 1 }))])
  t.deepEqual(together, alone)
})

test.serial('streams: an async function stays in its stream through awaits of every kind, beside others', async (t) => {
  // Numbers are drawn from the generator of the stream: they tell where a call was recorded.
  const draws = async (seed: number, pause: () => PromiseLike<unknown>) => {
    const s = lora.stream({ seed })
    const parts = await s.run(async () => {
      const found = []
      for (let i = 0; i < 4; i++) {
        found.push(lora.rand([2]))
        await pause()
      }
      return found
    })
    s.close()
    return numbers(lora.cat(parts))
  }
  const x = lora.ones([2], { requiresGrad: true })
  const optimizer = new lora.optim.SGD([lora.ones([2], { requiresGrad: true })], { lr: 1 })
  const pauses: (() => PromiseLike<unknown>)[] = [
    () => Promise.resolve(),
    () => new Promise((resolve) => setImmediate(resolve)),
    () => lora.ones([3]).data(),
    () => x.square().sum().backward(),
    () => optimizer.step(),
    () => optimizer.step().catch(() => {}),
    () => lora.settle(),
    () => lora.stream({ seed: 99 }).run(async () => [await Promise.resolve(), lora.rand([5])]),
    () => Promise.all([lora.ones([1]).item(), optimizer.step()]),
  ]
  const alone: number[][] = []
  for (const seed of pauses.keys()) alone.push(await draws(seed, () => Promise.resolve()))
  lora.manualSeed(3)
  const outside = [lora.rand([2])]
  const together = Promise.all(pauses.map((pause, seed) => draws(seed, pause)))
  outside.push(lora.rand([2]))
  t.deepEqual(await together, alone)
  outside.push(lora.rand([2]))
  lora.manualSeed(3)
  await same(t, lora.cat(outside), await numbers(lora.cat([lora.rand([2]), lora.rand([2]), lora.rand([2])])))
})

test.serial('streams: an async generator is in the stream in which its next value is requested', async (t) => {
  async function* values() {
    for (;;) yield await lora.rand([1]).item()
  }
  const [s, plain] = [lora.stream({ seed: 5 }), lora.stream({ seed: 5 })]
  const got = await s.run(async () => {
    const found = []
    for await (const value of values()) if (found.push(value) === 3) break
    return found
  })
  const alone = plain.run(() => lora.cat([lora.rand([1]), lora.rand([1]), lora.rand([1])]))
  t.deepEqual(got, await numbers(alone))
})

test.serial(
  'streams: an async generator that run() gives keeps to the stream, and ends when its reader leaves',
  async (t) => {
    const s = lora.stream({ seed: 5 })
    let ended = false
    async function* values() {
      try {
        for (;;) yield await lora.rand([1]).item()
      } finally {
        ended = true
      }
    }
    const got: number[] = []
    for await (const value of s.run(values)) if (got.push(value) === 3) break
    t.true(ended)
    const alone = lora.stream({ seed: 5 }).run(() => lora.cat([lora.rand([1]), lora.rand([1]), lora.rand([1])]))
    t.deepEqual(got, await numbers(alone))
    const client = new AbortController()
    const doomed = lora.stream({ signal: client.signal }).run(values)
    await doomed.next()
    client.abort(new Error('the client left'))
    await t.throwsAsync(doomed.next(), AGAIN)
  },
)

test.serial('streams: what a step promises waits in the stream that recorded it, wherever it is awaited', async (t) => {
  const s = lora.stream({ priority: -1 })
  const p = lora.ones([2], { requiresGrad: true })
  const { done, result } = s.run(() => {
    const result = slow().sum()
    p.mul(2).sum().backward()
    return { done: new lora.optim.SGD([p], { lr: 1 }).step(), result }
  })
  let ready = false
  void result.item().then(() => (ready = true))
  await done
  await new Promise((resolve) => setImmediate(resolve))
  t.true(ready)
  await same(t, p, [-1, -1])
})

test.serial('streams: a signal ends a training loop, whose weights stay whole and can be saved', async (t) => {
  const client = new AbortController()
  const s = lora.stream({ seed: 1, signal: client.signal })
  const model = new lora.Linear(64, 64, { r: 4 })
  lora.markOnlyLoraAsTrainable(model)
  const optimizer = new lora.optim.AdamW([model.loraA!, model.loraB!], { lr: 0.1 })
  let steps = 0
  const reason = new Error('the client left')
  const loop = s.run(async () => {
    for (;;) {
      model
        .forward(lora.randn([512, 64]))
        .square()
        .sum()
        .backward()
      await optimizer.step()
      optimizer.zeroGrad()
      if (++steps === 3) setTimeout(() => client.abort(reason))
    }
  })
  const error = await t.throwsAsync<lora.AbortedError>(loop, AGAIN)
  t.true(steps >= 3)
  t.true((await numbers(model.loraB!)).every((x) => Number.isFinite(x) && x !== 0))
  // Nothing more is recorded, reading goes on, and other streams do not notice.
  t.is(t.throws<lora.AbortedError>(() => s.run(() => lora.ones([1])), AGAIN)?.cause, reason)
  await t.notThrowsAsync(s.synchronize().catch((e: unknown) => t.is((e as lora.AbortedError).code, error?.code)))
  const other = lora.stream({ seed: 1 })
  await other.run(async () => {
    optimizer.zeroGrad() // a gradient of skipped work carries its error
    model
      .forward(lora.ones([1, 64]))
      .square()
      .sum()
      .backward()
    await optimizer.step()
  })
  t.true((await numbers(model.loraB!)).every(Number.isFinite))
  for (const each of [s, s, other]) each.close()
})

test.serial('streams: an abort of the first step leaves an optimizer that goes on', async (t) => {
  const s = lora.stream({ seed: 1 })
  const model = new lora.Linear(64, 64, { r: 4 })
  lora.markOnlyLoraAsTrainable(model)
  const optimizer = new lora.optim.AdamW([model.loraA!, model.loraB!], { lr: 0.1 })
  const step = async () => {
    slow()
    model
      .forward(lora.ones([8, 64]))
      .square()
      .sum()
      .backward()
    await optimizer.step()
  }
  const skipped = s.run(step)
  await new Promise((resolve) => setImmediate(resolve))
  s.abort('the client left')
  await t.throwsAsync(skipped, AGAIN)
  t.true((await numbers(model.loraB!)).every((x) => x === 0))
  optimizer.zeroGrad()
  await s.run(step)
  t.true((await numbers(model.loraB!)).every((x) => Number.isFinite(x) && x !== 0))
  s.close()
})

test.serial(
  'streams: a signal between two awaits stops the next record; one that is aborted already stops the first',
  async (t) => {
    const client = new AbortController()
    const s = lora.stream({ signal: client.signal })
    const loop = s.run(async () => {
      await lora.ones([1]).item()
      client.abort(new Error('the client left'))
      return lora.ones([1])
    })
    await t.throwsAsync(loop, AGAIN)
    const late = lora.stream({ signal: AbortSignal.abort('the client left') })
    t.throws(() => late.run(() => 1), AGAIN)
    t.throws(() => lora.stream({ signal: {} as AbortSignal }), { code: 'ERR_LORA_OPTION' })
  },
)

test.serial('streams: a closed one takes no work, and what was queued before is done', async (t) => {
  const s = lora.stream()
  const { work, late } = s.run(() => ({
    work: slow().mul(0).sum(),
    late: Promise.resolve().then(() => lora.ones([1])),
  }))
  s.close()
  t.is(await work.item(), 0)
  await t.throwsAsync(late, { code: 'ERR_LORA_OPTION', message: /closed/ })
  t.throws(() => s.run(() => 1), { code: 'ERR_LORA_OPTION', message: /closed/ })
  s.close()
  s.abort()
  await s.synchronize()
  await lora.settle()
})

test.serial('streams: text can be streamed in one, and draws from its generator', async (t) => {
  lora.manualSeed(1)
  const sizes = { vocab_size: 31, n_positions: 32, n_embd: 16, n_layer: 1, n_head: 2, bos_token_id: 0, eos_token_id: 0 }
  const model = lora.models.GPT2LMHeadModel.fromConfig(sizes).eval()
  const options = { maxNewTokens: 8, doSample: true, temperature: 2, eosTokenId: null }
  const text = async () => {
    const ids: number[] = []
    for await (const { id } of model.stream([[1, 2, 3]], options)) ids.push(id)
    return ids
  }
  const s = lora.stream({ seed: 9, priority: 1 })
  const first = await s.run(text)
  const [again, other] = await Promise.all([
    s.run(() => {
      lora.manualSeed(9)
      return text()
    }),
    lora.stream({ seed: 10 }).run(text),
  ])
  t.deepEqual(again, first)
  t.notDeepEqual(other, first)
})

test.serial('streams: what one of them dropped does not make another wait', async (t) => {
  const [training, chat] = [lora.stream(), lora.stream({ priority: 1 })]
  const order: string[] = []
  const work = training.run(() => Array.from({ length: 8 }, () => slow(500)))
  const { read } = training.run(() => ({ read: work.at(-1)!.sum().item() }))
  const trained = read.then(() => order.push('training'))
  const answered = chat.run(async () => {
    // As a finaliser does that runs between two tokens.
    for (const tensor of work) tensor.dispose()
    await lora.ones([4]).sum().item()
    order.push('chat')
  })
  await Promise.all([trained, answered])
  t.deepEqual(order, ['chat', 'training'])
})
