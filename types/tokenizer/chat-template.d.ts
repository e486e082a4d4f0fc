// Generated from src/tokenizer/chat-template.ts by `npm run api`. Do not edit.

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
