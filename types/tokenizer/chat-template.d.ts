// Generated from src/tokenizer/chat-template.ts by `npm run api`. Do not edit.

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
