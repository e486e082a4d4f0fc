// Fine-tunes a small language model with LoRA, on the CPU: from the facts about a restaurant to a sentence (the E2E task of
// the LoRA paper). `npm run quickstart` builds and runs it; `node examples/01-quickstart.mjs --help` lists the options.
import * as lora from 'loralib'
import { batches } from './lib/batches.mjs'
import { heldOutLoss, largestDifference, measure } from './lib/measure.mjs'
import { readOptions } from './lib/options.mjs'
import { Progress } from './lib/progress.mjs'
import { sayAdapter, sayBase, sayBefore, sayResult, saySaved } from './lib/report.mjs'
import { runExample } from './lib/run-example.mjs'
import { loadData } from './lib/tokens.mjs'

await runExample(async (interrupt) => {
  const options = await readOptions()
  if (!options) return

  // The base, and what it can do as it is.
  const model = await lora.models.GPT2LMHeadModel.fromPretrained(options.model)
  const tokenizer = lora.tokenizers.Tokenizer.fromFolder(options.model)
  const data = await loadData(options, tokenizer, model)
  sayBase(options, model, data)
  const before = await measure(model, tokenizer, data, interrupt)

  // LoRA on attention, MLP and embedding with the head tied to it; all else is frozen. mergeWeights: false leaves the base alone in eval().
  lora.manualSeed(options.seed)
  const targets = ['c_attn', 'c_proj', 'c_fc', 'wte']
  const adapter = { targets, r: options.r, loraAlpha: 2 * options.r, includeTied: true }
  const layers = lora.injectLora(model, { ...adapter, mergeWeights: false })
  lora.markOnlyLoraAsTrainable(model)
  sayAdapter(model, layers, adapter)
  sayBefore(before, data)
  const trainable = model.parameters().filter((parameter) => parameter.requiresGrad)
  const optimizer = new lora.optim.AdamW(trainable, { lr: options.lr, betas: [0.9, 0.98], weightDecay: 0 })
  const progress = new Progress(options)
  const schedule = new lora.optim.lrScheduler.LrScheduler(optimizer, () => progress.learningRate())
  progress.held(before.loss)
  for (const { ids, labels, attentionMask, tokens } of batches(data.train, options)) {
    const { loss } = model.train().forward(ids, { labels, attentionMask })
    loss.backward()
    lora.optim.clipGradNorm(trainable, 1)
    await optimizer.step()
    optimizer.zeroGrad()
    progress.step(await loss.item(), tokens)
    schedule.step()
    if (interrupt.aborted || progress.share >= 1) break
    if (progress.checkIsDue) await progress.check(() => heldOutLoss(model.eval(), data.measured))
  }
  progress.end()
  await lora.save(lora.loraStateDict(model), options.adapterFile)
  saySaved(options, interrupt.aborted)
  if (interrupt.aborted) return

  // What another program does: the adapter file into a fresh model, merged.
  const fresh = await lora.models.GPT2LMHeadModel.fromPretrained(options.model, { dtype: 'f32' })
  lora.injectLora(fresh, adapter)
  fresh.loadStateDict(await lora.load(options.adapterFile), { strict: false })
  const difference = await largestDifference(model.eval(), fresh.eval(), data.measured.slice(0, 4))
  const after = await measure(fresh, tokenizer, data, interrupt)
  progress.held(after.loss)
  sayResult(options, data, { before, after, difference, progress })
})
