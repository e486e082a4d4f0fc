// What a model can do before and after: its loss on held-out rows, and what it writes.
import * as lora from 'loralib'
import { byLength, collate } from './batches.mjs'
import { shareBySlot } from './slots.mjs'
import { IGNORED } from './tokens.mjs'

const BATCH = 6
/** Prompts that are continued together. */
const TOGETHER = 26

/** Mean loss of the labelled tokens, in nats. The model must be in evaluation mode. */
export async function heldOutLoss(model, rows, interrupt) {
  let [nats, tokens] = [0, 0]
  for (const group of byLength(rows, BATCH)) {
    interrupt?.throwIfAborted()
    const { ids, labels, attentionMask } = collate(group)
    const predicted = labels.reduce((n, row) => n + row.slice(1).filter((id) => id !== IGNORED).length, 0)
    const { loss } = lora.noGrad(() => model.forward(ids, { labels, attentionMask }))
    nats += (await loss.item()) * predicted
    tokens += predicted
  }
  return nats / tokens
}

/** What the model writes for each sample, the likeliest token at each place. */
export async function write(model, tokenizer, { samples, newTokens, endOfText }, interrupt) {
  const prompts = samples.map((sample) => sample.ids)
  const options = { maxNewTokens: newTokens, eosTokenId: endOfText ?? null, signal: interrupt }
  const rows = []
  for (let from = 0; from < prompts.length; from += TOGETHER) {
    rows.push(...(await model.generate(prompts.slice(from, from + TOGETHER), options)))
  }
  return rows.map((row, i) =>
    tokenizer.decode(row.slice(prompts[i].length), { skipSpecialTokens: true }).replace(/\s+/g, ' ').trim(),
  )
}

/** Both, and the share of the facts in the prompts that the texts state; null for prompts of another form. */
export async function measure(model, tokenizer, data, interrupt) {
  model.eval()
  const loss = await heldOutLoss(model, data.measured, interrupt)
  const texts = await write(model, tokenizer, data, interrupt)
  const prompts = data.samples.map(({ prompt }) => prompt)
  return { loss, texts, states: shareBySlot(prompts, texts) }
}

/** The largest absolute difference between the logits of two models on a few rows. */
export async function largestDifference(a, b, rows) {
  const { ids, attentionMask } = collate(rows)
  const logits = (model) => lora.noGrad(() => model.forward(ids, { attentionMask })).logits
  const difference = logits(a).sub(logits(b)).abs().max()
  return difference.item()
}
