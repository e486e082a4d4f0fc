// Generated from src/runtime/options.ts by `npm run api`. Do not edit.

/** The element types that the weight of a layer can have. */
export type FloatDtype = 'f32' | 'f64' | 'bf16' | 'f16'
/** The element types that the frozen weights of a model can have: those of layers, and the blocks of GGUF files. */
export type WeightDtype =
  FloatDtype | 'q4_0' | 'q4_1' | 'q5_0' | 'q5_1' | 'q8_0' | 'q2_k' | 'q3_k' | 'q4_k' | 'q5_k' | 'q6_k'
/** Options that every layer with parameters takes. */
export interface PlacementOptions {
  /** Element type of the parameters. `bf16` and `f16` halve the memory of a frozen weight. @default 'f32' */
  dtype?: FloatDtype
  /** Where the parameters live; it must be the device that `lora.backend()` reports. @default that device */
  device?: string
}
