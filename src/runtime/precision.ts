import { mediumPrecision, setMediumPrecision } from '../native/engine.js'
import { checkChoice } from './options.js'

/** How exactly layers with a bf16 weight multiply; see {@link setFloat32MatmulPrecision}. */
export type Float32MatmulPrecision = 'highest' | 'medium'

/**
 * Sets how exactly layers with a **bf16 weight** multiply f32 activations. PyTorch's `torch.set_float32_matmul_precision`, for the layers where it
 * pays here: `nn.Linear`, `Conv1D`, the base of `lora.Linear` and `lora.MergedLinear`, attention's projections and the head with its loss.
 *
 * - `'highest'` (default): the weight is widened to f32, and the products are those of f32.
 * - `'medium'`: the activations, and in backward the gradients of the outputs, are rounded to bf16 (to nearest, ties to even; NaN and infinity
 *   stay, what is below 2⁻¹²⁶ counts as 0) and multiplied with the weight by the CPU's bf16 instructions, nearly twice as fast. Each factor is off by
 *   at most 2⁻⁸ of itself; sums stay in f32. What such a layer hands to GELU, SiLU or SwiGLU is kept for backward in bf16, half of it.
 *
 * It never touches weights in f32, f64 or f16, LoRA's factors and their gradients, or products of 16 rows or fewer (decoding), which are bound by
 * reading the weight. It needs AVX512-BF16, which `lora.backend().bf16Products` reports: on other processors, and with a lower `LORALIB_ISA`,
 * `'medium'` computes as `'highest'`.
 *
 * Holds for what this thread records from here on, backward included; work that is queued already does not change.
 *
 * @example
 * lora.setFloat32MatmulPrecision('medium')
 * const model = await lora.models.AutoModelForCausalLM.fromPretrained('models/gpt2-bf16')
 * @throws {OptionError} for another name.
 */
export function setFloat32MatmulPrecision(precision: Float32MatmulPrecision): void {
  const name = checkChoice('setFloat32MatmulPrecision', 'precision', precision, ['highest', 'medium'])
  setMediumPrecision(name === 'medium')
}

/** What {@link setFloat32MatmulPrecision} set for this thread. */
export function getFloat32MatmulPrecision(): Float32MatmulPrecision {
  return mediumPrecision() ? 'medium' : 'highest'
}
