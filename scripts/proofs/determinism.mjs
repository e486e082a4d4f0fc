// Proves that the same seed gives the same bits for any number of compute threads, and when repeated in one process.
//
//   node scripts/proofs/determinism.mjs [--steps 30] [--short]
//
// A GPT-2 of odd sizes above every parallel threshold (B·T = 777, width 195, vocabulary 1009) with dropout 0.1 everywhere, LoRA in three forms
// and every other parameter fully trained, in child processes with LORALIB_THREADS 1, 2, 3 and 4: the sha256 of all losses, of the last gradients
// and of all parameters must agree. One child trains twice. Exit code 1 when a bit differs.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'

const { values } = parseArgs({
  options: {
    steps: { type: 'string' },
    short: { type: 'boolean', default: false },
    // Set by this script for its children: how often to train.
    child: { type: 'string' },
  },
})
const STEPS = Number(values.steps ?? (values.short ? 4 : 30))
const THREADS = values.short ? [1, 3] : [1, 2, 3, 4]
const TWICE_WITH = values.short ? 3 : 2
const [B, T, C, V] = [7, 111, 195, 1009]

if (values.child === undefined) prove()
else console.log(JSON.stringify(await child(Number(values.child))))

// ---- in the child -----------------------------------------------------------------------------------------------------

async function child(times) {
  const runs = []
  for (let i = 0; i < times; i++) runs.push(await train())
  return { threads: lora.backend().threads, worked: threadsThatWorked(), isa: lora.backend().isa, runs }
}

/** Trains from a fixed seed; returns every parameter's hash, and one of all losses. */
async function train() {
  lora.manualSeed(11)
  const model = build()
  const named = [...model.namedParameters()]
  const trained = named.filter(([, p]) => p.requiresGrad)
  const optimizer = new lora.optim.AdamW(
    trained.map(([, p]) => p),
    { lr: 3e-3 },
  )
  const losses = []
  let norm
  for (let step = 0; step < STEPS; step++) {
    const ids = Array.from({ length: B }, (_, b) =>
      Array.from({ length: T }, (_, t) => (31 * b + 7 * t + 13 * step) % V),
    )
    optimizer.zeroGrad()
    const { loss } = model.forward(ids, { labels: ids })
    loss.backward()
    norm = lora.optim.clipGradNorm(
      trained.map(([, p]) => p),
      1,
    )
    await optimizer.step()
    losses.push((await loss.data())[0])
  }
  const grads = {}
  for (const [name, p] of trained) grads[name] = p.grad === null ? 'none' : await hash(p.grad)
  const parameters = {}
  for (const [name, p] of named) parameters[name] = await hash(p)
  return {
    losses: digest(Buffer.from(Float32Array.from(losses).buffer)),
    norm: await hash(norm),
    grads,
    parameters,
    first: losses[0],
    last: losses.at(-1),
    trained: trained.reduce((n, [, p]) => n + p.numel, 0),
  }
}

/** GPT-2 with a LoRA layer of each kind, an RMS norm beside its layer norms, and everything trained but the weights below the adapters. */
function build() {
  const dropout = { embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 }
  const sizes = { vocab_size: V, n_positions: 129, n_embd: C, n_inner: 515, n_layer: 2, n_head: 3 }
  const model = lora.models.GPT2LMHeadModel.fromConfig({ ...sizes, ...dropout, bos_token_id: 0, eos_token_id: 0 })
  const shared = { loraAlpha: 8, loraDropout: 0.1 }
  lora.injectLora(model, { ...shared, targets: ['attn.c_attn'], r: 5, enableLora: [true, false, true] })
  lora.injectLora(model, { ...shared, targets: ['mlp.c_fc', 'wpe'], r: 3 })
  model.transformer.ln_f = new lora.nn.RMSNorm(C)
  for (const [name, parameter] of model.namedParameters())
    parameter.requiresGrad = !/(c_attn|c_fc|wpe)\.weight$/.test(name)
  return model.train()
}

async function hash(tensor) {
  const data = await tensor.data()
  return digest(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Compute threads of this process that used the processor, as Linux counts them; null elsewhere. */
function threadsThatWorked() {
  if (!existsSync('/proc/self/task')) return null
  const ours = readdirSync('/proc/self/task').filter((id) =>
    /^loralib-(exec|\d+)$/m.test(readFileSync(`/proc/self/task/${id}/comm`, 'utf8')),
  )
  // Field 14 of stat is the time in user mode, in ticks; the name before it may hold spaces.
  const ticks = (id) => Number(readFileSync(`/proc/self/task/${id}/stat`, 'utf8').split(') ')[1].split(' ')[11])
  return ours.filter((id) => ticks(id) > 0).length
}

// ---- in the parent ----------------------------------------------------------------------------------------------------

function prove() {
  const results = THREADS.map((threads) => ({ wanted: threads, ...start(threads, threads === TWICE_WITH ? 2 : 1) }))
  const reference = results[0].runs[0]
  const differences = []
  console.log(
    `${STEPS} steps, B·T = ${B * T}, width ${C}, vocabulary ${V}, ${reference.trained} trained numbers in ${count(reference.grads)} tensors, ${results[0].isa}`,
  )
  for (const { wanted, threads, worked, runs } of results) {
    if (threads !== wanted) differences.push(`${wanted} threads were asked for, ${threads} ran`)
    if (worked !== null && worked !== wanted) differences.push(`of ${wanted} threads ${worked} computed`)
    runs.forEach((run, i) => {
      const label = `${threads} thread${threads === 1 ? '' : 's'}${worked === null ? '' : ` (${worked} computed)`}${i > 0 ? ', second run in the same process' : ''}`
      const found = compare(reference, run).map((what) => `${label}: ${what}`)
      differences.push(...found)
      console.log(
        `${found.length ? 'FAILED' : 'same  '}  ${label}: loss ${run.first} to ${run.last}, losses ${run.losses.slice(0, 16)}, parameters ${all(run.parameters)}, gradients ${all(run.grads)}`,
      )
    })
  }
  if (!(reference.last < reference.first)) differences.push('the loss does not fall: nothing was trained')
  for (const line of differences.slice(0, 20)) console.log(`  ${line}`)
  console.log(differences.length ? `${differences.length} differences` : 'all bits are equal')
  process.exitCode = differences.length ? 1 : 0
}

function start(threads, times) {
  const args = [fileURLToPath(import.meta.url), '--child', String(times), '--steps', String(STEPS)]
  const env = { ...process.env, LORALIB_THREADS: String(threads) }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (status !== 0) {
    console.error(`the child with ${threads} threads ended with ${status}\n${stderr}`)
    process.exit(1)
  }
  return JSON.parse(stdout)
}

function compare(a, b) {
  const scalars = ['losses', 'norm'].filter((key) => a[key] !== b[key]).map((key) => `the ${key} differ`)
  const tensors = ['grads', 'parameters'].flatMap((kind) =>
    Object.keys(a[kind])
      .filter((name) => a[kind][name] !== b[kind][name])
      .map((name) => `${kind} of ${name} differ`),
  )
  return [...scalars, ...tensors]
}

function all(hashes) {
  return digest(JSON.stringify(hashes)).slice(0, 16)
}

function count(record) {
  return Object.keys(record).length
}
