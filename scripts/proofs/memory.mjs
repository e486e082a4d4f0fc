// Proves that a training loop in plain code runs in flat memory and never blocks the event loop.
//
//   node scripts/proofs/memory.mjs [--steps 500] [--short]
//
// 500 steps of a tiny GPT-2 with LoRA, in a loop without dispose(), scope() or settle() (the proof itself settles twice, to
// count what lives): the peak resident set at the end must be at most 1.15 times that at step 50, live tensors must not
// grow, and a timer must never come more than 50 ms late.
// Exit code 1 on failure.
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import * as lora from 'loralib'

const { values } = parseArgs({
  options: { steps: { type: 'string' }, short: { type: 'boolean', default: false } },
})
const STEPS = Number(values.steps ?? (values.short ? 150 : 500))
const EARLY = 50
const MOST_GROWTH = 1.15
const MOST_LATE_MS = 50
const TIMER_MS = 5
// On a machine with nothing else to do, an idle process is late by no more than this.
const IDLE_LATE_MS = 10
const [B, T, V] = [4, 32, 257]

lora.manualSeed(7)
const model = lora.models.GPT2LMHeadModel.fromConfig({
  vocab_size: V,
  n_positions: 64,
  n_embd: 64,
  n_layer: 2,
  n_head: 4,
  eos_token_id: 256,
  bos_token_id: 256,
})
lora.injectLora(model, { targets: ['c_attn', 'c_proj', 'c_fc'], r: 4, loraAlpha: 8, loraDropout: 0.1 })
lora.markOnlyLoraAsTrainable(model)
const trainable = model.parameters().filter((p) => p.requiresGrad)
const optimizer = new lora.optim.AdamW(trainable, { lr: 1e-2 })
model.train()

const stopIdle = watchIdleProcess()
const stopTimer = watchTimer(TIMER_MS)
const losses = []
let early
for (let step = 1; step <= STEPS; step++) {
  const ids = Array.from({ length: B }, (_, b) => Array.from({ length: T }, (_, t) => (7 * b + 3 * t + (step % 8)) % V))
  const { loss } = model.forward(ids, { labels: ids })
  loss.backward()
  lora.optim.clipGradNorm(trainable, 1)
  await optimizer.step()
  optimizer.zeroGrad()
  losses.push(await loss.item())
  if (step === EARLY) early = { peak: peakBytes(), ...(await live()) }
}
const late = stopTimer()
const idle = await stopIdle()
const end = { peak: peakBytes(), ...(await live()) }
report()

function peakBytes() {
  return process.resourceUsage().maxRSS * 1024
}

async function live() {
  await lora.settle()
  const { total, tapeNodes } = lora.memory()
  // Asking for the parameters here also keeps the model from being collected before it was counted.
  return { tensors: total.tensors, bytes: total.bytes, tapeNodes, parameters: model.parameters().length }
}

/** A timer that notes how late it comes. Also the whole source of a process of its own: it must use nothing from outside. */
function watchTimer(every) {
  let [worst, ticks] = [0, 0]
  let due = performance.now() + every
  let handle = setTimeout(tick, every)
  function tick() {
    worst = Math.max(worst, performance.now() - due)
    ticks += 1
    due = performance.now() + every
    handle = setTimeout(tick, every)
  }
  return () => {
    clearTimeout(handle)
    // A timer that never came is as late as now.
    return { ticks, worst: Math.max(worst, performance.now() - due) }
  }
}

/** The same timer in a process that does nothing else: what a busy machine makes late by itself. */
function watchIdleProcess() {
  const source = `${watchTimer}; const stop = watchTimer(${TIMER_MS}); process.on('message', () => process.send(stop(), () => process.exit()))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return () =>
    new Promise((resolve) => {
      child.once('message', resolve)
      child.send('stop')
    })
}

function report() {
  const growth = end.peak / early.peak
  const mb = (bytes) => (bytes / 1e6).toFixed(1)
  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length
  const checks = [
    [
      `peak resident set: ${mb(early.peak)} MB at step ${EARLY}, ${mb(end.peak)} MB at step ${STEPS}, ratio ${growth.toFixed(3)}`,
      growth <= MOST_GROWTH,
      `at most ${MOST_GROWTH}`,
    ],
    [
      `live tensors: ${early.tensors} at step ${EARLY}, ${end.tensors} at step ${STEPS}, ${end.parameters} of them parameters`,
      end.tensors <= early.tensors,
      'no growth',
    ],
    [
      `live bytes: ${mb(early.bytes)} MB at step ${EARLY}, ${mb(end.bytes)} MB at step ${STEPS}`,
      end.bytes <= early.bytes,
      'no growth',
    ],
    [`tape nodes at the end: ${end.tapeNodes}`, end.tapeNodes <= early.tapeNodes, 'no growth'],
    [
      `timer: ${late.ticks} times, at most ${late.worst.toFixed(1)} ms late; in an idle process beside it ${idle.worst.toFixed(1)} ms`,
      late.ticks > 0 && late.worst - Math.max(0, idle.worst - IDLE_LATE_MS) <= MOST_LATE_MS,
      `at most ${MOST_LATE_MS} ms, or as much more as a busy machine makes the idle process late`,
    ],
    [
      `loss: ${mean(losses.slice(0, 20)).toFixed(3)} in the first 20 steps, ${mean(losses.slice(-20)).toFixed(3)} in the last 20`,
      mean(losses.slice(-20)) < mean(losses.slice(0, 20)),
      'falls',
    ],
  ]
  for (const [text, fine, wanted] of checks) console.log(`${fine ? 'ok    ' : 'FAILED'}  ${text}  (${wanted})`)
  const failed = checks.filter(([, fine]) => !fine).length
  console.log(`${checks.length - failed} of ${checks.length} hold`)
  process.exitCode = failed > 0 ? 1 : 0
}
