// npm run proof:qlora [-- --steps 30]: LoRA on SmolLM2-135M straight from its GGUF file: what memory training takes, and that it learns as from the same weights in f32.
//
// Each case is a process of its own: one that loads the addon and the tokenizer, one that trains on the blocks of the file, one that trains on their numbers in f32. Bounds:
// the peak of training, above that of the first process, is at most the file's size + 16 bytes for each trainable number + the activations that the engine counts + 10 %; the
// losses are within 2 % of those in f32; the gradients of the first step are within 1e-5 (relative to the largest of each tensor). Exit code 1 when one does not hold.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readArgs, text } from '../lib/args.mjs'
import { smollm2File } from '../lib/smollm2.mjs'
import { checks, mb } from './lib/report.mjs'
import { peakBytes } from './lib/peak.mjs'

const { values } = readArgs({ options: { steps: text, case: text, file: text, folder: text } })
const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'loralib-qlora-'))
const STEPS = Number(values.steps ?? 30)
const TOKENS = 256

/** Sentences to learn, from proverbs older than any licence. */
const TEXT = `The early bird catches the worm. A stitch in time saves nine. Still waters run deep. Many hands make light work. Too many cooks spoil the broth. A rolling stone gathers no
moss. When in Rome, do as the Romans do. The pen is mightier than the sword. Fortune favours the bold. A watched pot never boils. Actions speak louder than words. All that glitters
is not gold. An apple a day keeps the doctor away. Better late than never. Birds of a feather flock together. Cleanliness is next to godliness. Do not count your chickens before
they hatch. Every cloud has a silver lining. Good things come to those who wait. Haste makes waste. Honesty is the best policy. Hope for the best, prepare for the worst. If it is
not broken, do not fix it. Laughter is the best medicine. Look before you leap. Necessity is the mother of invention. No man is an island. Practice makes perfect. The squeaky wheel
gets the grease. There is no place like home. Two heads are better than one. Where there is smoke, there is fire. You can lead a horse to water, but you cannot make it drink.`

if (values.case === undefined) await main().finally(() => rmSync(folder, { recursive: true, force: true }))
else process.send(await run(...values.case.split(' ')))

/** A case: what it trains on, and whether only the gradients of its first step are asked for. */
function run(form, what) {
  return form === 'idle' ? idle() : train(form, { onlyGradients: what === 'gradients' })
}

async function main() {
  const { path } = await smollm2File('proof:qlora trains on it')
  const [none, blocks, wide] = [
    await inProcess('idle', path),
    await inProcess('blocks', path),
    await inProcess('f32', path),
  ]
  const fileBytes = statSync(path).size
  const counted = fileBytes + 16 * blocks.trainable + blocks.activations
  const used = blocks.peak - none.peak
  console.log(
    `file ${mb(fileBytes)} MB, ${blocks.trainable} trainable numbers, activations ${mb(blocks.activations)} MB`,
  )
  console.log(
    `peak: addon and tokenizer ${mb(none.peak)} MB, training on blocks ${mb(blocks.peak)} MB, in f32 ${mb(wide.peak)} MB`,
  )
  console.log(
    `loss on blocks ${blocks.losses[0].toFixed(4)} … ${blocks.losses.at(-1).toFixed(4)}, in f32 ${wide.losses[0].toFixed(4)} … ${wide.losses.at(-1).toFixed(4)}`,
  )
  const check = checks()
  check(`training takes ${mb(used)} MB above the idle process`, used <= 1.1 * counted, `at most ${mb(1.1 * counted)}`)
  check('the loss falls', blocks.losses.at(-1) < 0.7 * blocks.losses[0], 'to less than 70 % of the first')
  const apart = Math.max(...blocks.losses.map((loss, i) => Math.abs(loss - wide.losses[i]) / wide.losses[i]))
  check(`losses differ by at most ${apart.toExponential(1)}`, apart <= 0.02, 'within 2 %')
  const [own, exact] = [await gradientsOf('blocks', path), await gradientsOf('f32', path)]
  const gradients = Math.max(...own.map((values, i) => distance(values, exact[i])))
  check(
    `gradients of ${own.length} factors differ by at most ${gradients.toExponential(1)}`,
    gradients <= 1e-5,
    'within 1e-5 of the largest',
  )
  check.end()
}

/** Those of the first step, by a process of their own: writing them takes memory. */
async function gradientsOf(form, file) {
  await inProcess(`${form} gradients`, file)
  const lora = await import('loralib')
  const dict = await lora.load(join(folder, `${form}.safetensors`))
  return Promise.all(Object.values(dict).map((tensor) => tensor.data()))
}

/** The largest difference over the largest number. */
function distance(a, b) {
  let [apart, largest] = [0, 0]
  for (let i = 0; i < b.length; i++) {
    apart = Math.max(apart, Math.abs(a[i] - b[i]))
    largest = Math.max(largest, Math.abs(b[i]))
  }
  return a.length === b.length && largest > 0 ? apart / largest : largest === apart ? 0 : Infinity
}

async function inProcess(name, file) {
  const args = [import.meta.filename, '--case', name, '--file', file, '--folder', folder, '--steps', String(STEPS)]
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  let result
  child.on('message', (message) => (result = message))
  const code = await new Promise((done) => child.on('close', done))
  if (code !== 0 || result === undefined) throw new Error(`the case ${name} ended with status ${code}`)
  return result
}

/** A process that only loads the addon and the tokenizer. */
async function idle() {
  const lora = await import('loralib')
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(values.file)
  tokenizer.encode(TEXT)
  await lora.zeros([1]).item()
  return { peak: peakBytes() }
}

async function train(form, { onlyGradients = false } = {}) {
  const gradients = join(folder, `${form}.safetensors`)
  const lora = await import('loralib')
  const tokenizer = await lora.tokenizers.Tokenizer.fromPretrained(values.file)
  const ids = [Array.from(tokenizer.encode(TEXT)).slice(0, TOKENS)]
  const options = form === 'f32' ? { dtype: 'f32' } : {}
  const base = await lora.models.AutoModelForCausalLM.fromPretrained(values.file, options)
  lora.manualSeed(1)
  const model = lora.peft.getPeftModel(base, { r: 8, loraAlpha: 16, targetModules: 'all-linear' })
  // B is zero in a fresh adapter, and A would have no gradient in the first step.
  lora.noGrad(() => {
    for (const [name, tensor] of model.namedParameters())
      if (name.includes('lora_B')) lora.nn.init.normal_(tensor, 0, 0.01)
  })
  model.train()
  const parameters = model.trainableParameters()
  const trainable = parameters.reduce((sum, { numel }) => sum + numel, 0)
  const optimizer = new lora.optim.AdamW(parameters, { lr: 1e-3 })
  const losses = []
  await lora.settle()
  const copies = lora.memory().numberBytes
  const steps = onlyGradients ? 1 : STEPS
  let activations = 0
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad()
    await lora.settle()
    const before = lora.memory()
    const { loss } = model.forward(ids, { labels: ids })
    losses.push(await loss.item())
    const { peakBytes: most } = lora.memory()
    // Where this forward pass is the peak so far, what was live then without what lasts: copies of the base and adapters, gradients, moments.
    if (most > before.peakBytes)
      activations = Math.max(activations, most - copies - before.gradient.bytes - before.optimizer.bytes)
    await loss.backward()
    if (!onlyGradients) await optimizer.step()
  }
  if (onlyGradients) await lora.save(Object.fromEntries(parameters.map(({ grad }, i) => [String(i), grad])), gradients)
  await lora.settle()
  const { adapter, gradient, optimizer: state, peakBytes: most } = lora.memory()
  activations = Math.max(activations, most - copies - gradient.bytes - state.bytes)
  return {
    peak: peakBytes(),
    trainable,
    activations,
    adapter: adapter.bytes,
    losses,
  }
}
