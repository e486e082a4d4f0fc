// Chat templates: Jinja programs in a tokenizer's folder, run with the variables and functions that transformers provides.
import { LoraError, OptionError } from '../errors.js'
import { bad } from '../runtime/options.js'
import { Template } from './jinja/template.js'
import { strip } from './jinja/text.js'
import type { Marks } from './jinja/template.js'
import { strftime } from './strftime.js'
import type { ChatTemplates } from './tokenizer-config.js'

/** One message of a conversation. Which fields are read depends on the template. */
export interface ChatMessage {
  /** The role of the speaker, among those that the template supports: `system`, `user`, `assistant`, `tool`. */
  role: string
  /** The content of the message, usually a string. */
  content?: unknown
  [field: string]: unknown
}

/** Options of {@link Tokenizer.applyChatTemplate}. */
export interface ChatTemplateOptions {
  /** Functions that the model may call, as JSON schemas (`{ type: 'function', function: { name, … } }`). @default none */
  tools?: readonly object[] | null
  /** Documents for retrieval-augmented generation, for templates that support them. @default none */
  documents?: readonly object[] | null
  /** Append the tokens that start an assistant message, so that the model writes one. @default false */
  addGenerationPrompt?: boolean
  /** End the text within the last message, so that the model continues it. @default false */
  continueFinalMessage?: boolean
  /** A template to use instead of the tokenizer's, or the name of one of its templates. @minLength 1 @default `tool_use` with tools where there is one, else `default` */
  chatTemplate?: string
  /** Further variables of the template by name, such as `{ enable_thinking: false }`. @default none */
  variables?: Readonly<Record<string, unknown>>
  /** Return token ids; false returns the text. @default true */
  tokenize?: boolean
  /** Return a {@link ChatEncoding}, with a mask of the assistant's tokens. The template must have `{% generation %}`. @default false */
  returnAssistantTokensMask?: boolean
}

/** The tokens of a conversation. */
export interface ChatEncoding {
  /** Token ids. */
  inputIds: number[]
  /** 1 for tokens between `{% generation %}` and `{% endgeneration %}` in the template, which the assistant writes, else 0. */
  assistantMasks: number[]
}

/** A rendered conversation, with the ranges `[start, end)` of the assistant's text. */
export interface Rendered {
  text: string
  spans: [start: number, end: number][]
}

const OWNER = 'Tokenizer.applyChatTemplate'

/** The template to use. @throws {OptionError} when there is none, or when there are several and none has the requested name. */
export function chooseTemplate(own: ChatTemplates, options: ChatTemplateOptions): string {
  const { chatTemplate: requested, tools } = options
  if (own !== null && typeof own !== 'string') {
    if (requested !== undefined) return own[requested] ?? requested
    const found = (tools?.length ? own['tool_use'] : undefined) ?? own['default']
    if (found !== undefined) return found
    throw bad(OWNER, 'chatTemplate', `one of ${Object.keys(own).join(', ')}`, undefined, 'name one with chatTemplate')
  }
  const found = requested ?? own
  if (found !== null) return found
  throw new OptionError({
    what: `${OWNER}: this tokenizer has no chat template`,
    expected: 'chat_template in tokenizer_config.json, or chat_template.jinja beside it',
    received: 'none',
    fix: 'use the tokenizer of a chat model, or pass chatTemplate',
  })
}

/**
 * Renders a conversation.
 * @param specials special tokens by their names in templates (`bos_token`)
 */
export function renderChat(
  messages: readonly ChatMessage[],
  template: string,
  specials: Readonly<Record<string, string>>,
  options: ChatTemplateOptions,
): Rendered {
  checkMessages(messages)
  const addGenerationPrompt = options.addGenerationPrompt ?? false
  const continueFinalMessage = options.continueFinalMessage ?? false
  const { returnAssistantTokensMask = false } = options
  if (addGenerationPrompt && continueFinalMessage)
    throw bad(OWNER, 'continueFinalMessage', 'false with addGenerationPrompt', true, 'choose one of the two')
  if (returnAssistantTokensMask && continueFinalMessage)
    throw bad(OWNER, 'continueFinalMessage', 'false with returnAssistantTokensMask', true, 'choose one of the two')
  const { messages: shown, last } = continueFinalMessage ? tagged(messages) : { messages, last: '' }
  const variables = {
    messages: shown,
    tools: options.tools ?? null,
    documents: options.documents ?? null,
    add_generation_prompt: addGenerationPrompt,
    ...specials,
    ...options.variables,
  }
  const text = run(template, variables)
  if (continueFinalMessage) return { text: cutAtTag(text, last), spans: [] }
  return { text, spans: returnAssistantTokensMask ? spansOf(template, variables, text) : [] }
}

function checkMessages(messages: unknown): void {
  const isMessage = (message: unknown) =>
    typeof message === 'object' && message !== null && typeof (message as ChatMessage).role === 'string'
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return
  const wrong = Array.isArray(messages) ? messages.find((message) => !isMessage(message)) : messages
  throw bad(OWNER, 'messages', 'a list of { role, content }, at least one', wrong ?? [])
}

const known = new Map<string, Template>()

function run(source: string, variables: Readonly<Record<string, unknown>>, marks?: Marks): string {
  try {
    return templateOf(source).render({ ...FUNCTIONS, ...variables }, marks)
  } catch (cause) {
    if (cause instanceof LoraError) throw cause
    throw new OptionError({
      what: `${OWNER}: the template fails on this conversation`,
      expected: 'messages with the fields that the template reads, and a valid Jinja template',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'give each message the fields that the template needs; null or a missing field is not an empty string',
      cause,
    })
  }
}

function templateOf(source: string): Template {
  const found = known.get(source) ?? new Template(source)
  if (!known.has(source) && known.size >= MOST_PROGRAMS) known.clear()
  known.set(source, found)
  return found
}

const MOST_PROGRAMS = 16

/** Functions that transformers provides to every template. */
const FUNCTIONS = {
  raise_exception(message: unknown): never {
    throw new OptionError({
      what: `${OWNER}: the template refuses this conversation`,
      expected: 'a conversation that the template accepts',
      received: String(message),
      fix: 'change the messages accordingly',
    })
  },
  strftime_now: (format: string) => strftime(new Date(), format),
}

/** What transformers puts behind the last message to find its end. Templates know it, too, by this very text. */
const TAG = 'CONTINUE_FINAL_MESSAGE_TAG '

/** The messages with the tag behind the text of the last one, and that text. */
function tagged(messages: readonly ChatMessage[]): { messages: ChatMessage[]; last: string } {
  const [before, message] = [messages.slice(0, -1), messages.at(-1)!]
  const { content } = message
  if (typeof content === 'string')
    return { messages: [...before, { ...message, content: content + TAG }], last: content }
  const hasText = (part: unknown): part is { text: string } =>
    typeof part === 'object' && part !== null && typeof (part as { text?: unknown }).text === 'string'
  const at = Array.isArray(content) ? content.findLastIndex(hasText) : -1
  if (at < 0) throw bad(OWNER, 'messages', 'a text as the content of the last one', content)
  const parts = [...(content as { text: string }[])]
  const last = parts[at]!.text
  parts[at] = { ...parts[at]!, text: last + TAG }
  return { messages: [...before, { ...message, content: parts }], last }
}

/** The text up to the tag. Where the template trims messages, the spaces before it go as well. */
function cutAtTag(text: string, last: string): string {
  const at = text.lastIndexOf(TAG.trimEnd())
  if (at < 0 || !text.includes(strip(last, 'both')))
    throw bad(OWNER, 'continueFinalMessage', 'false: the template does not show the last message as it is', true)
  return text.startsWith(TAG, at) ? text.slice(0, at) : strip(text.slice(0, at), 'right')
}

/**
 * The ranges of the assistant's text. The template is run once more with markers around its generation blocks: characters that the text does not
 * contain.
 */
function spansOf(template: string, variables: Readonly<Record<string, unknown>>, text: string): Rendered['spans'] {
  if (!templateOf(template).hasGeneration)
    throw bad(OWNER, 'returnAssistantTokensMask', 'false: the template has no {% generation %}', true)
  const [open, close] = markersFor(text)
  const spans: Rendered['spans'] = []
  let plain = ''
  let start = -1
  for (const character of run(template, variables, [open, close])) {
    if (character === open) start = plain.length
    else if (character === close) spans.push([start, plain.length])
    else plain += character
  }
  if (plain === text && spans.every(([from, to]) => from >= 0 && from <= to)) return spans
  throw bad(OWNER, 'returnAssistantTokensMask', 'false: the template changes the text of its generation blocks', true)
}

/** Two private-use characters that a text does not contain. */
function markersFor(text: string): [string, string] {
  const free: string[] = []
  for (let code = 0xf0000; free.length < 2; code++) {
    const character = String.fromCodePoint(code)
    if (!text.includes(character)) free.push(character)
  }
  return [free[0]!, free[1]!]
}
