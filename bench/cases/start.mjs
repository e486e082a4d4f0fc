// Case i: a cold start, measured from outside: from spawning a process to the end of a snippet, all files in the page cache.
import { spawnSync } from 'node:child_process'
import { fail, root } from '../../scripts/lib/run.mjs'
import { median } from '../lib/median.mjs'

const LAYERS = `
import * as lora from 'loralib'
const m = new lora.nn.Sequential(new lora.Linear(64, 64, { r: 4 }), new lora.nn.ReLU(), new lora.Linear(64, 8, { r: 4 }))
lora.markOnlyLoraAsTrainable(m)
const opt = new lora.optim.AdamW(m.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
m.forward(lora.ones([8, 64])).square().mean().backward()
await opt.step()
`
const GPT2 = `
import * as lora from 'loralib'
const m = lora.models.GPT2LMHeadModel.fromConfig({ vocab_size: 1000, n_embd: 64, n_layer: 2, n_head: 2, n_positions: 64 })
lora.injectLora(m, { targets: ['c_attn'], r: 4 })
lora.markOnlyLoraAsTrainable(m)
const opt = new lora.optim.AdamW(m.parameters().filter((p) => p.requiresGrad), { lr: 2e-4 })
const x = Array.from({ length: 2 }, () => new Array(32).fill(1))
m.forward(x, { labels: x }).loss.backward()
await opt.step()
`
const SNIPPETS = {
  'bare node': '',
  'import loralib': "import 'loralib'",
  'first step, 2 layers of 64': LAYERS,
  'first step, GPT-2 of 2 layers x 64': GPT2,
}
const REPORT = `
const now = performance.timeOrigin + performance.now()
const { readFileSync } = await import('node:fs')
console.log(now, /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
`

export const startCases = { i: { run: runStart } }

function runStart({ name, threads, reps, warmup }) {
  for (const [row, snippet] of Object.entries(SNIPPETS)) {
    const ms = []
    let peak = 0
    for (let i = 0; i < warmup + reps; i++) {
      const run = startOnce(snippet)
      if (i < warmup) continue
      ms.push(run.ms)
      peak = Math.max(peak, run.peakMb)
    }
    const [step_ms, min_ms, max_ms] = [median(ms), Math.min(...ms), Math.max(...ms)].map((t) => Number(t.toFixed(1)))
    const line = { case: name, row, threads, reps, step_ms, min_ms, max_ms, peak_rss_mb: Math.round(peak) }
    console.log(JSON.stringify(line))
  }
}

function startOnce(snippet) {
  const began = performance.timeOrigin + performance.now()
  const args = ['--input-type=module', '-e', snippet + REPORT]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) fail(`a snippet of case i failed:\n${stderr}`)
  const [ended, peakKb] = stdout.trim().split(' ').map(Number)
  return { ms: ended - began, peakMb: peakKb / 1024 }
}
