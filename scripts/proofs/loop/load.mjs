// All work alone, then all at once.
import { setTimeout } from 'node:timers/promises'
import * as lora from 'loralib'
import { smallModelFrom, tinyModel } from '../lib/models.mjs'
import { watchCalls } from './calls.mjs'
import { watchDelay, watchIdleDelay } from './delay.mjs'
import { startClient, startServer } from './http.mjs'
import { mergeAndUnmerge, saveAndLoad, streamText, train } from './work.mjs'

/** GPT-2 small trains on this many rows of this many tokens. */
const SMALL_BATCH = [4, 128]
const TINY_BATCH = [4, 32]
const TEXT_PRIORITY = 10

/** The tiny trainer's steps a second, and text: `{ tiny, text: [{ first, rate }], delay }`. */
export async function measureAlone(base, { aloneSeconds, tokens }) {
  const tiny = newState()
  await inside(lora.stream({ seed: 2 }), () => train(tinyModel(), TINY_BATCH, forSeconds(1), newState()))
  const stop = watchDelay()
  await inside(lora.stream({ seed: 2 }), () => train(tinyModel(), TINY_BATCH, forSeconds(aloneSeconds), tiny))
  const delay = stop()
  const model = await textModel(base)
  const text = await inside(lora.stream({ priority: TEXT_PRIORITY, seed: 3 }), async () => {
    await streamText(model, { tokens: 4 }, forSeconds(0.5))
    return streamText(model, { tokens }, forSeconds(aloneSeconds))
  })
  await lora.settle()
  return { tiny, text, delay }
}

/** All at once for `seconds`. */
export async function measureTogether(base, folder, settings) {
  const [small, tiny] = [newState(), newState()]
  const [trained, adapted, text] = [await smallModel(base), await smallModel(base), await textModel(base)]
  const server = await startServer(() => ({ step: small.steps, loss: small.loss }))
  const client = await startClient(server, settings.rate)
  const idle = watchIdleDelay()
  // Compiling and allocating at the first use are not part of the steady state of a server.
  const warm = forSeconds(settings.short ? 1 : 4)
  // With the measurement on: code that V8 compiled without it would be recompiled in the first turns that count.
  const stopWarm = await watchCalls()
  await Promise.all(everything({ trained, adapted, text, folder, settings }, warm, newState(), newState()))
  await stopWarm()
  const [isOver, stopCalls, stopDelay] = [forSeconds(settings.seconds), await watchCalls(), watchDelay()]
  client.begin()
  const [, , file, merges, generations] = await Promise.all(
    everything({ trained, adapted, text, folder, settings }, isOver, small, tiny),
  )
  const requests = await client.stop()
  const delay = stopDelay()
  const calls = await stopCalls()
  const idleDelay = await idle()
  server.closeAllConnections()
  server.close()
  return { small, tiny, file, merges, generations, requests, delay, idleDelay, calls }
}

/** Each begins in its own turn of the event loop, as the requests of a server do. */
function everything({ trained, adapted, text, folder, settings }, isOver, small, tiny) {
  const jobs = [
    [{ seed: 1 }, () => train(trained, SMALL_BATCH, isOver, small)],
    [{ seed: 2 }, () => train(tinyModel(), TINY_BATCH, isOver, tiny)],
    [{}, () => saveAndLoad(folder, settings.fileBytes, isOver)],
    [{}, () => mergeAndUnmerge(adapted, isOver)],
    [{ priority: TEXT_PRIORITY, seed: 3 }, () => streamText(text, { tokens: settings.tokens }, isOver)],
  ]
  return jobs.map(async ([options, work], i) => {
    await setTimeout(20 * i)
    return inside(lora.stream(options), work)
  })
}

async function inside(stream, work) {
  try {
    return await stream.run(work)
  } finally {
    stream.close()
  }
}

function smallModel(base) {
  return smallModelFrom(base, { loraDropout: 0.1 })
}

async function textModel(base) {
  return (await lora.models.GPT2LMHeadModel.fromPretrained(base)).eval()
}

function newState() {
  return { steps: 0, rate: 0, first: null, loss: null }
}

function forSeconds(seconds) {
  const end = performance.now() + 1000 * seconds
  return () => performance.now() >= end
}
