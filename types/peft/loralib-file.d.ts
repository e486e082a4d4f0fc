// Generated from src/peft/loralib-file.ts by `npm run api`. Do not edit.

/** What a file of loralib's factors does not say of itself. Files of `save(loraStateDict(model), path)` do: they need none of it. */
export interface LoralibFacts {
  /** Numerator of the scaling in training: updates are multiplied by `loraAlpha / r`. */
  loraAlpha: number
  /** The blocks of a fused layer (`MergedLinear`) that have an update, e.g. `[true, false, true]` for q and v of GPT-2's `c_attn`. @default none is fused */
  enableLora?: readonly boolean[]
}
