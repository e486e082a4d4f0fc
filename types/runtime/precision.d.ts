// Generated from src/runtime/precision.ts by `npm run api`. Do not edit.

/** The precision of products with a weight in bf16 or in blocks; see {@link setFloat32MatmulPrecision}. */
export type Float32MatmulPrecision = 'highest' | 'medium'
/**
 * Sets the precision in which layers with a **bf16 weight** multiply f32 activations. As `torch.set_float32_matmul_precision` in PyTorch, for the
 * layers where it is faster: `nn.Linear`, `Conv1D`, the base of `lora.Linear` and `lora.MergedLinear`, attention's projections and the head with its
 * loss.
 *
 * - `'highest'` (default): the weight is widened to f32, and the products are those of f32.
 * - `'medium'`: the activations, and in backward the gradients of the outputs, are rounded to bf16 (to nearest, ties to even; NaN and infinity
 *   are kept, magnitudes below 2⁻¹²⁶ become 0) and multiplied with the weight by the CPU's bf16 instructions, nearly twice as fast. The relative error
 *   of each factor is at most 2⁻⁸; sums stay in f32. Inputs of GELU, SiLU and SwiGLU that come from such a layer are saved for backward in bf16, in
 *   half the memory.
 *
 * A **weight in blocks** (`q8_0`, `q4_k`, …) is treated so too, rounded to bf16 after widening. In products of 16 rows or fewer (decoding) the activations are rounded to
 * 8 bits in blocks of 32 instead, and multiplied as whole numbers, as llama.cpp does: this needs AVX2, not AVX512-BF16.
 *
 * It never affects weights in f32, f64 or f16, LoRA's factors and their gradients, or products of 16 rows or fewer with a bf16 weight, which are limited by
 * reading the weight. For bf16 it needs AVX512-BF16, which `lora.backend().bf16Products` reports: on other processors, and with a lower `LORALIB_ISA`,
 * `'medium'` computes as `'highest'`.
 *
 * Applies to everything that this thread records from now on, backward included; work that is queued already does not change.
 *
 * @example
 * lora.setFloat32MatmulPrecision('medium')
 * const model = await lora.models.AutoModelForCausalLM.fromPretrained('models/gpt2-bf16')
 * @throws {OptionError} for another name.
 */
export declare function setFloat32MatmulPrecision(precision: Float32MatmulPrecision): void
/** The setting of {@link setFloat32MatmulPrecision} for this thread. */
export declare function getFloat32MatmulPrecision(): Float32MatmulPrecision
