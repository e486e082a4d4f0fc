// Generated from src/tokenizer/index.ts by `npm run api`. Do not edit.

export { Tokenizer } from './tokenizer.js'
export type { BatchEncoding, BatchOptions } from './batch.js'
export type { ChatEncoding, ChatMessage, ChatTemplateOptions } from './chat-template.js'
export type { ChatTemplates, SpecialTokensMap } from './tokenizer-config.js'
export type { DecodeOptions, DecodeStream, EncodeOptions, Encoding, TokenizerTrainOptions } from './tokenizer.js'
