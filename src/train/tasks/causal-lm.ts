// Language modelling: conversations, prompts with completions, texts, and token ids.
import type { Row } from '../../data/rows/index.js'
import type { CausalLM } from '../../models/shared/causal-lm.js'
import { IGNORED } from '../../models/shared/classes.js'
import type { Module } from '../../nn/module.js'
import { bad } from '../../runtime/options.js'
import { noGrad } from '../../tensor/scope.js'
import type { ChatMessage } from '../../tokenizer/chat-template.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { encodeChat } from './chat-mask.js'
import type { MaskedIds } from './chat-mask.js'
import { atPlace, noForm, parsed, wrongCell } from './columns.js'
import type { Example } from './example-store.js'
import { showMasked } from './show.js'
import { meanLoss } from './task.js'
import type { Encoded, Measured, TaskBatch, TrainOn, TrainTask } from './task.js'

/** What the task depends on. */
export interface CausalLMSettings {
  /** Null for rows of token ids. */
  tokenizer: Tokenizer | null
  maxLength: number
  trainOn: TrainOn | null
  /** Whether prompts and completions are put into the chat template; null where there is one. */
  chat: boolean | null
}

type FormName = 'messages' | 'prompt and completion' | 'text' | 'input_ids'

/** What a row may have, first match first. */
const FORMS: readonly (readonly [FormName, readonly string[], TrainOn])[] = [
  ['input_ids', ['input_ids'], 'all'],
  ['messages', ['messages'], 'assistant'],
  ['prompt and completion', ['prompt', 'completion'], 'completion'],
  ['text', ['text'], 'all'],
]

/** The task for rows like the first one. @throws {FormatError} when its columns are none of the forms. */
export function causalLM(first: Row, place: string, settings: CausalLMSettings): TrainTask {
  const form = FORMS.find(([, columns]) => columns.every((name) => (first[name] ?? null) !== null))
  if (form === undefined) {
    const expected = FORMS.map(([, columns]) => columns.join(' + ')).join(', or ')
    throw noForm(first, place, 'a language model', expected, "{ prompt: 'question', completion: 'answer' }")
  }
  const [name, , usual] = form
  const { tokenizer, maxLength } = settings
  if (tokenizer === null && name !== 'input_ids')
    throw bad('Trainer', 'tokenizer', 'the tokenizer of the model', null, 'pass tokenizer: await Tokenizer.fromPretrained(folder)') // prettier-ignore
  const isTextual = name === 'text' || name === 'input_ids'
  if (isTextual && settings.trainOn !== null && settings.trainOn !== 'all')
    throw bad('Trainer', 'trainOn', `'all': rows of ${name} say nothing of who wrote what`, settings.trainOn)
  const trainOn = settings.trainOn ?? usual
  const usesChat = name === 'prompt and completion' && (settings.chat ?? (tokenizer?.chatTemplate ?? null) !== null)
  const encoder = ENCODERS[name]
  return {
    name: 'causal-lm',
    form: name === 'messages' || usesChat ? `${name}, in the chat template` : name,
    trainOn,
    encode(row, place) {
      try {
        const { ids, mask } = encoder(row, { tokenizer: tokenizer!, trainOn, usesChat })
        return cut({ ids, mask }, maxLength)
      } catch (error) {
        throw atPlace(place, error)
      }
    },
    finish: () => undefined,
    collate,
    loss: (model, { inputIds, attentionMask, labels }) =>
      (model as CausalLM).forward(inputIds, { attentionMask, labels }).loss,
    weigh,
    measure,
    scores: (measured) => ({ perplexity: Math.exp(meanLoss(measured)) }),
    labelsOf: () => null,
    show: (example) =>
      tokenizer === null
        ? example.inputIds.map((id, t) => (labelAt(example, t) ? `⟦${id}⟧` : String(id))).join(' ')
        : showMasked(tokenizer, example.inputIds, (t) => labelAt(example, t)),
  }
}

/** Whether a token is predicted: it has a label, and one before it. */
const labelAt = ({ labels }: Example, t: number) => t > 0 && labels[t] !== IGNORED

const weigh = (example: Example) => example.labels.filter((_, t) => labelAt(example, t)).length

/** Rows padded to the longest on the right. The models compute neither padding nor positions without a label. */
export function collate(examples: readonly (Example & { index: number })[]): TaskBatch {
  const width = Math.max(...examples.map(({ inputIds }) => inputIds.length))
  const padded = (row: readonly number[], filler: number) =>
    row.length === width ? row : [...row, ...new Array<number>(width - row.length).fill(filler)]
  const isRagged = examples.some(({ inputIds }) => inputIds.length < width)
  return {
    rows: examples.map(({ index }) => index),
    inputIds: examples.map(({ inputIds }) => padded(inputIds, 0)),
    attentionMask: isRagged ? examples.map(({ inputIds }) => padded(inputIds.map(() => 1), 0)) : null, // prettier-ignore
    tokenTypeIds: null,
    labels: examples.map(({ labels }) => padded(labels, IGNORED)),
    weight: examples.reduce((n, example) => n + weigh(example), 0),
    tokens: examples.reduce((n, { inputIds }) => n + inputIds.length, 0),
  }
}

async function measure(model: Module, { inputIds, attentionMask, labels, weight }: TaskBatch): Promise<Measured> {
  const { loss } = noGrad(() => (model as CausalLM).forward(inputIds, { attentionMask, labels }))
  const value = await loss.item()
  loss.dispose()
  return { loss: value, weight }
}

interface Context {
  tokenizer: Tokenizer
  trainOn: TrainOn
  usesChat: boolean
}

const ENCODERS: Readonly<Record<FormName, (row: Row, context: Context) => MaskedIds>> = {
  messages({ messages, tools }, { tokenizer, trainOn }) {
    return encodeChat(tokenizer, { messages: messagesOf(messages), tools: toolsOf(tools) }, trainOn)
  },
  'prompt and completion'({ prompt, completion, tools }, { tokenizer, trainOn, usesChat }) {
    if (usesChat || Array.isArray(prompt)) {
      const messages = [...turnsOf(prompt, 'user'), ...turnsOf(completion, 'assistant')]
      return encodeChat(tokenizer, { messages, tools: toolsOf(tools) }, trainOn)
    }
    const before = tokenizer.encode(textOf('prompt', prompt))
    const after = ended(tokenizer, tokenizer.encode(textOf('completion', completion), { addSpecialTokens: false }))
    return { ids: [...before, ...after], mask: [...before.map(() => trainOn === 'all'), ...after.map(() => true)] }
  },
  text({ text }, { tokenizer }) {
    const ids = ended(tokenizer, tokenizer.encode(textOf('text', text)))
    return { ids, mask: ids.map(() => true) }
  },
  input_ids({ input_ids, labels }) {
    const ids = idsOf('input_ids', input_ids)
    const wanted = (labels ?? null) === null ? ids : idsOf('labels', labels)
    if (wanted.length !== ids.length)
      throw wrongCell('labels', `${ids.length} labels, one for each token`, wanted.length)
    const odd = wanted.findIndex((label, t) => label !== IGNORED && label !== ids[t])
    if (odd >= 0) throw wrongCell(`labels[${odd}]`, `${ids[odd]}, as the token there, or ${IGNORED}`, wanted[odd])
    return { ids, mask: wanted.map((label) => label !== IGNORED) }
  },
}

function cut({ ids, mask }: MaskedIds, maxLength: number): Encoded {
  const inputIds = ids.slice(0, maxLength)
  const labels = inputIds.map((id, t) => (mask[t] ? id : IGNORED))
  return { example: { inputIds, labels, tokenTypeIds: null }, cut: Math.max(0, ids.length - maxLength) }
}

function ended({ eosTokenId }: Tokenizer, ids: number[]): number[] {
  return eosTokenId === undefined || ids.at(-1) === eosTokenId ? ids : [...ids, eosTokenId]
}

function turnsOf(value: unknown, role: string): ChatMessage[] {
  return Array.isArray(value) ? messagesOf(value) : [{ role, content: textOf(role, value) }]
}

function messagesOf(value: unknown): ChatMessage[] {
  const messages = parsed(value)
  const isMessage = (each: unknown) => typeof each === 'object' && each !== null && 'role' in each
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return messages as ChatMessage[]
  throw wrongCell('messages', 'a list of { role, content }', value)
}

function toolsOf(value: unknown): readonly object[] | null {
  const tools = value === '' ? null : (parsed(value) ?? null)
  if (tools === null || Array.isArray(tools)) return tools as readonly object[] | null
  throw wrongCell('tools', 'a list of functions', value)
}

function idsOf(name: string, value: unknown): number[] {
  const ids = parsed(value)
  if (Array.isArray(ids) && ids.length > 0 && ids.every((id) => Number.isInteger(id))) return ids as number[]
  throw wrongCell(name, 'a list of whole numbers', value)
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw wrongCell(name, 'a text', value)
}
