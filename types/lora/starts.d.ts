// Generated from src/lora/starts.ts by `npm run api`. Do not edit.

/** How the factors of a named adapter start, as PEFT's `init_lora_weights` says: see `LoraConfig.initLoraWeights`. */
export type LoraStart = boolean | string
