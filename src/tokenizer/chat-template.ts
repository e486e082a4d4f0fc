// Chat templates: Jinja programs that a tokenizer's folder holds, run by @huggingface/jinja with what transformers gives them.
import { createRequire } from 'node:module'
import { LoraError, OptionError } from '../errors.js'
import { bad } from '../runtime/options.js'
import { strftime } from './strftime.js'
import type { ChatTemplates } from './tokenizer-config.js'

/** One message of a conversation. Templates read what they know of it. */
export interface ChatMessage {
  /** Who speaks: `system`, `user`, `assistant`, `tool`, as the template knows them. */
  role: string
  /** What is said. */
  content?: unknown
  [field: string]: unknown
}

/** Options of {@link Tokenizer.applyChatTemplate}. */
export interface ChatTemplateOptions {
  /** Functions that the model may call, as JSON schemas (`{ type: 'function', function: { name, … } }`). @default none */
  tools?: readonly object[] | null
  /** Texts to answer from, for templates that know them. @default none */
  documents?: readonly object[] | null
  /** End with what begins an answer, so that the model writes one. @default false */
  addGenerationPrompt?: boolean
  /** End inside the last message, so that the model goes on with it. @default false */
  continueFinalMessage?: boolean
  /** A template in place of the tokenizer's, or the name of one of its templates. @minLength 1 @default `tool_use` with tools where there is one, else `default` */
  chatTemplate?: string
  /** Further variables of the template, by the names that it reads, such as `{ enable_thinking: false }`. @default none */
  variables?: Readonly<Record<string, unknown>>
  /** Return token ids; false gives the text. @default true */
  tokenize?: boolean
  /** Return a {@link ChatEncoding}, with the tokens that the model is to learn marked. The template must have `{% generation %}`. @default false */
  returnAssistantTokensMask?: boolean
}

/** The tokens of a conversation. */
export interface ChatEncoding {
  /** Token ids. */
  inputIds: number[]
  /** 1 for what stands between `{% generation %}` and `{% endgeneration %}` in the template, the assistant's own words, else 0. */
  assistantMasks: number[]
}

/** A rendered conversation, with the places `[start, end)` of what the assistant says. */
export interface Rendered {
  text: string
  spans: [start: number, end: number][]
}

const OWNER = 'Tokenizer.applyChatTemplate'

/** The template to use. @throws {OptionError} when there is none, or several and none of the asked name. */
export function chooseTemplate(own: ChatTemplates, options: ChatTemplateOptions): string {
  const { chatTemplate: asked, tools } = options
  if (own !== null && typeof own !== 'string') {
    if (asked !== undefined) return own[asked] ?? asked
    const found = (tools?.length ? own['tool_use'] : undefined) ?? own['default']
    if (found !== undefined) return found
    throw bad(OWNER, 'chatTemplate', `one of ${Object.keys(own).join(', ')}`, undefined, 'name one with chatTemplate')
  }
  const found = asked ?? own
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
 * @param specials special tokens by the names that templates read (`bos_token`)
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
  const variables = {
    messages,
    tools: options.tools ?? null,
    documents: options.documents ?? null,
    add_generation_prompt: addGenerationPrompt,
    ...specials,
    ...options.variables,
  }
  const text = run(template, variables)
  if (continueFinalMessage) return { text: cutBehind(text, messages.at(-1)!), spans: [] }
  return { text, spans: returnAssistantTokensMask ? spansOf(template, variables, text) : [] }
}

function checkMessages(messages: unknown): void {
  const isMessage = (message: unknown) =>
    typeof message === 'object' && message !== null && typeof (message as ChatMessage).role === 'string'
  if (Array.isArray(messages) && messages.length > 0 && messages.every(isMessage)) return
  const wrong = Array.isArray(messages) ? messages.find((message) => !isMessage(message)) : messages
  throw bad(OWNER, 'messages', 'a list of { role, content }, at least one', wrong ?? [])
}

/** What is used of @huggingface/jinja, whose own types cannot be read with `moduleResolution: NodeNext`. */
interface Jinja {
  Template: new (text: string) => { parsed: object }
  Environment: new () => { set(name: string, value: unknown): unknown }
  Interpreter: new (environment: object) => { run(program: object): { value: unknown } }
}

/** Loaded when a template is first run: most programs never do. */
let jinja: Jinja | undefined
const parsed = new Map<string, object>()

function run(template: string, variables: Readonly<Record<string, unknown>>): string {
  jinja ??= createRequire(import.meta.url)('@huggingface/jinja') as Jinja
  const { Environment, Interpreter } = jinja
  try {
    const environment = new Environment()
    for (const [name, value] of Object.entries({ ...GLOBALS, ...variables })) environment.set(name, value)
    return String(new Interpreter(environment).run(programOf(jinja, template)).value)
  } catch (cause) {
    if (cause instanceof LoraError) throw cause
    throw new OptionError({
      what: `${OWNER}: the template fails on this conversation`,
      expected: 'messages with the fields that the template reads, and a template of Jinja',
      received: cause instanceof Error ? cause.message : String(cause),
      fix: 'give each message what the template needs; null and a missing field are not an empty text',
      cause,
    })
  }
}

function programOf({ Template }: Jinja, template: string): object {
  const known = parsed.get(template)
  if (known !== undefined) return known
  const { parsed: program } = new Template(template)
  if (parsed.size >= MOST_PROGRAMS) parsed.clear()
  parsed.set(template, program)
  return program
}

const MOST_PROGRAMS = 16

/** What transformers gives to every template. */
const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception(message: unknown): never {
    throw new OptionError({
      what: `${OWNER}: the template refuses this conversation`,
      expected: 'a conversation as the template wants it',
      received: String(message),
      fix: 'change the messages accordingly',
    })
  },
  range(first: number, end?: number, step = 1): number[] {
    const [from, to] = end === undefined ? [0, first] : [first, end]
    return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
  },
  strftime_now: (format: string) => strftime(new Date(), format),
}

/** Ends a text with the last message, as far as the template kept the spaces around it. */
function cutBehind(text: string, { content }: ChatMessage): string {
  if (typeof content !== 'string') throw bad(OWNER, 'messages', 'a text as the content of the last one', content)
  const at = text.lastIndexOf(content.trim())
  if (at < 0 || content.trim() === '')
    throw bad(OWNER, 'continueFinalMessage', 'false: the template does not show the last message as it is', true)
  const whole = content.trimStart()
  return text.slice(0, at + (text.startsWith(whole, at) ? whole : content.trim()).length)
}

/**
 * Where the assistant speaks. The template is run once more with marks where its generation blocks begin and end: characters that no text holds, put
 * between two statements, so that the whitespace rules of the tags stay what they are.
 */
function spansOf(template: string, variables: Readonly<Record<string, unknown>>, text: string): Rendered['spans'] {
  const tag = /\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}/g
  if (template.search(tag) < 0)
    throw bad(OWNER, 'returnAssistantTokensMask', 'false: the template has no {% generation %}', true)
  const [open, close] = marksFor(text)
  const marked = template.replace(tag, (_, left: string, end: string | undefined, right: string) => {
    const mark = `{{ '${end === undefined ? open : close}' }}`
    return `{%${left} set loralib_mark = 0 %}${mark}{% set loralib_mark = 0 ${right}%}`
  })
  const spans: Rendered['spans'] = []
  let plain = ''
  let start = -1
  for (const character of run(marked, variables)) {
    if (character === open) start = plain.length
    else if (character === close) spans.push([start, plain.length])
    else plain += character
  }
  if (plain === text && spans.every(([from, to]) => from >= 0 && from <= to)) return spans
  throw bad(OWNER, 'returnAssistantTokensMask', 'false: the template changes what its generation blocks say', true)
}

/** Two characters of the private planes that a text does not hold. */
function marksFor(text: string): [string, string] {
  const free: string[] = []
  for (let code = 0xf0000; free.length < 2; code++) {
    const character = String.fromCodePoint(code)
    if (!text.includes(character)) free.push(character)
  }
  return [free[0]!, free[1]!]
}
