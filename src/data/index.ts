export { Tokenizer } from './tokenizer.js'
export type { DecodeOptions, DecodeStream, EncodeOptions, Encoding, TokenizerTrainOptions } from './tokenizer.js'
