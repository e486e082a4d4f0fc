// Conversations as ids, with the tokens that the assistant writes.
import { OptionError } from '../../errors.js'
import { bad } from '../../runtime/options.js'
import { chooseTemplate } from '../../tokenizer/chat-template.js'
import type { ChatMessage } from '../../tokenizer/chat-template.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { TrainOn } from './task.js'

/** The ids of a conversation, and whether each is trained. */
export interface MaskedIds {
  ids: number[]
  mask: boolean[]
}

interface Conversation {
  messages: readonly ChatMessage[]
  tools: readonly object[] | null
}

/**
 * A conversation in the template of the tokenizer. The assistant's part of it is what `{% generation %}` marks; in templates without, what each answer adds to
 * the text that asks for it, up to the token that ends the turn.
 * @throws {OptionError} when the template changes earlier turns, so that no mask is exact.
 */
export function encodeChat(tokenizer: Tokenizer, { messages, tools }: Conversation, trainOn: TrainOn): MaskedIds {
  const render = (some: readonly ChatMessage[], addGenerationPrompt = false) =>
    tokenizer.applyChatTemplate(some, { tokenize: false, tools, addGenerationPrompt })
  const text = render(messages)
  const { ids, offsets, special } = tokenizer.encodeWithOffsets(text, { addSpecialTokens: false })
  if (trainOn === 'all') return { ids, mask: ids.map(() => true) }
  const answers = messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []))
  const isMarked = /\{%[-+]?\s*generation\b/.test(chooseTemplate(tokenizer.chatTemplate, { tools }))
  if (isMarked && trainOn === 'assistant') {
    const { assistantMasks } = tokenizer.applyChatTemplate(messages, { tools, returnAssistantTokensMask: true })
    return { ids, mask: assistantMasks.map((on) => on === 1) }
  }
  const mask = ids.map(() => false)
  for (const i of trainOn === 'completion' ? answers.slice(-1) : answers) {
    if (i === 0) throw bad('Trainer', 'messages', 'a conversation in which the assistant answers', 'one that it begins')
    const [before, after] = [render(messages.slice(0, i), true), render(messages.slice(0, i + 1))]
    if (!after.startsWith(before) || !text.startsWith(after)) throw changing(i)
    const inside = offsets.flatMap(([start, end], k) =>
      start >= before.length && end <= after.length && end > start ? [k] : [],
    )
    // Behind the token that ends the turn there is only what begins the next one.
    const last = inside.findLast((k) => special[k] === true)
    const rest = last === undefined ? '' : after.slice(offsets[last]![1])
    for (const k of inside) mask[k] = last === undefined || k <= last || rest.trim() !== ''
  }
  return { ids, mask }
}

function changing(turn: number): OptionError {
  return new OptionError({
    what: 'the chat template changes what comes before an answer',
    expected: 'a template in which a longer conversation begins with the text of the shorter one',
    received: `another beginning at message ${turn + 1}`,
    fix: "mark the answers in the template with {% generation %}, or pass trainOn: 'all'",
  })
}
