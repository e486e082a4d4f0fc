import test from 'ava'
import * as lora from 'loralib'
import { numbers, same } from './support/close.js'

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
  const { read } = training.run(() => ({ read: work.at(-1)!.item() }))
  const trained = read.then(() => order.push('training'))
  const answer = chat.run(() => ({ read: lora.ones([4]).sum().item() }))
  const answered = answer.read.then(() => order.push('chat'))
  await Promise.all([trained, answered])
  t.deepEqual(order, ['chat', 'training'])
})

test.serial('streams: an aborted one rejects, the others are unharmed, and it can be used again', async (t) => {
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
})

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
    for (let i = 0; i < 5; i++) {
      const step = s.run(() => {
        model.forward(x).square().sum().backward()
        const done = optimizer.step()
        optimizer.zeroGrad()
        return { done }
      })
      await s.run(() => ({ wait: Promise.resolve(step.done) })).wait
    }
    return s.run(() => ({ got: numbers(model.loraB!) })).got
  }
  const alone = [await train(1, lora.stream()), await train(2, lora.stream())]
  const together = await Promise.all([train(1, lora.stream()), train(2, lora.stream({ priority: 1 }))])
  t.deepEqual(together, alone)
})
