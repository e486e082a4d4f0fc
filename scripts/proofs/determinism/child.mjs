// One process of the proof: it trains, alone or under load, and prints the results as JSON. Its instructions are JSON, too:
//
//   { steps, times, company }: how many steps, how often alone, and whether then once more under load
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import * as lora from 'loralib'
import { hash, hashAll, hashNumbers } from './hash.mjs'

const [B, T, C, V] = [7, 111, 195, 1009]
/** The second trainer, and the generation beside both. */
const BESIDE = { B: 3, T: 50, C: 96, V: 501 }
const TOKENS = 16

const { steps, times, company } = JSON.parse(process.argv[2])
const first = () => inStream(11, 0, () => trainAndWrite(steps))
const runs = []
for (let i = 0; i < times; i++) runs.push(await first())
const together = company ? await inCompany() : null
console.log(JSON.stringify({ ...lora.backend(), worked: threadsThatWorked(), runs, together }))

/** The same beside a second trainer and a generator, each in its own stream; their results must not change either. */
async function inCompany() {
  const second = () => inStream(22, 0, () => trainBeside())
  const text = () => inStream(33, 5, () => writeText(build(BESIDE).eval(), BESIDE.V, 33))
  const alone = { second: await second(), text: await text() }
  let isOver = false
  const repeat = async (work) => {
    const found = []
    for (;;) {
      found.push(await work())
      if (isOver) return found
    }
  }
  const [run, seconds, texts] = await Promise.all([
    first().finally(() => (isOver = true)),
    repeat(second),
    repeat(text),
  ])
  return { run, alone, seconds, texts }
}

async function inStream(seed, priority, work) {
  const stream = lora.stream({ seed, priority })
  try {
    return await stream.run(work)
  } finally {
    stream.close()
  }
}

/** Trains and then generates text; all results, as hashes by name. */
async function trainAndWrite(count) {
  const model = adapt(build({ B, T, C, V }))
  const named = [...model.namedParameters()]
  const trained = named.filter(([, p]) => p.requiresGrad)
  const losses = []
  const norm = await train(model, [B, T, V], count, losses)
  const grads = {}
  for (const [name, p] of trained) grads[name] = p.grad === null ? 'none' : await hash(p.grad)
  const parameters = {}
  for (const [name, p] of named) parameters[name] = await hash(p)
  const tokens = await writeText(model.eval(), V, 7)
  return {
    losses: hashNumbers(losses),
    norm: await hash(norm),
    tokens: tokens.join(' '),
    grads,
    parameters,
    first: losses[0],
    last: losses.at(-1),
    trained: trained.reduce((n, [, p]) => n + p.numel, 0),
  }
}

async function trainBeside() {
  const model = adapt(build(BESIDE))
  const losses = []
  await train(model, [BESIDE.B, BESIDE.T, BESIDE.V], 3, losses)
  const parameters = []
  for (const p of model.parameters()) parameters.push(await hash(p))
  return hashAll([hashNumbers(losses), ...parameters])
}

async function train(model, [rows, width, vocabulary], count, losses) {
  const parameters = model.parameters().filter((p) => p.requiresGrad)
  const optimizer = new lora.optim.AdamW(parameters, { lr: 3e-3 })
  let norm
  for (let step = 0; step < count; step++) {
    const row = (b) => Array.from({ length: width }, (_, t) => (31 * b + 7 * t + 13 * step) % vocabulary)
    const ids = Array.from({ length: rows }, (_, b) => row(b))
    optimizer.zeroGrad()
    const { loss } = model.forward(ids, { labels: ids })
    loss.backward()
    norm = lora.optim.clipGradNorm(parameters, 1)
    await optimizer.step()
    losses.push((await loss.data())[0])
  }
  return norm
}

/** Tokens sampled with the stream's generator: two rows, so that one is padded. */
async function writeText(model, vocabulary, seed) {
  const prompt = [[1, 5, seed % vocabulary], [2]]
  const rows = await model.generate(prompt, { maxNewTokens: TOKENS, doSample: true, topK: 50, eosTokenId: null })
  return rows.flat()
}

/** GPT-2 with odd sizes above every parallel threshold, and dropout everywhere. */
function build({ C: width, V: vocabulary }) {
  const dropout = { embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 }
  const sizes = { vocab_size: vocabulary, n_positions: 129, n_embd: width, n_inner: 515, n_layer: 2, n_head: 3 }
  return lora.models.GPT2LMHeadModel.fromConfig({ ...sizes, ...dropout, bos_token_id: 0, eos_token_id: 0 })
}

/** A LoRA layer of each kind, an RMS norm beside the layer norms, and everything trained but the weights below the adapters. */
function adapt(model) {
  const shared = { loraAlpha: 8, loraDropout: 0.1 }
  lora.injectLora(model, { ...shared, targets: ['attn.c_attn'], r: 5, enableLora: [true, false, true] })
  lora.injectLora(model, { ...shared, targets: ['mlp.c_fc', 'wpe'], r: 3 })
  model.transformer.ln_f = new lora.nn.RMSNorm(model.config.n_embd)
  for (const [name, parameter] of model.namedParameters())
    parameter.requiresGrad = !/(c_attn|c_fc|wpe)\.weight$/.test(name)
  return model.train()
}

/** Compute threads of this process that used the processor, as Linux counts them; null elsewhere. */
function threadsThatWorked() {
  if (!existsSync('/proc/self/task')) return null
  const ours = readdirSync('/proc/self/task').filter((id) =>
    /^loralib-(exec|\d+)$/m.test(readFileSync(`/proc/self/task/${id}/comm`, 'utf8')),
  )
  // The first number is the time on a processor, in nanoseconds. Starting a thread takes a tenth of this.
  const worked = (id) => Number(readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8').split(' ')[0]) > 1e6
  return ours.filter(worked).length
}
