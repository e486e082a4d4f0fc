// Generated from src/generation/index.ts by `npm run api`. Do not edit.

export { generate, stream } from './generate.js'
export type {
  GenerateOptions,
  GenerateOutput,
  GeneratedToken,
  GenerativeModel,
  Prompt,
  StepOptions,
} from './generate.js'
export type { BeamOptions, BeamRules } from './beam-options.js'
export type { StopOptions } from './stopping.js'
export type { SamplingOptions } from './sampling.js'
export * as processors from './processors.js'
export type { LogitsProcessor } from './processors.js'
