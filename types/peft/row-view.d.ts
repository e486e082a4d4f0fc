// Generated from src/peft/row-view.ts by `npm run api`. Do not edit.

/** The option that names an adapter for each row. */
export interface RowOptions {
  /** The name of an adapter for each row of the batch; `'__base__'`, or `'base'`, for the model without one. */
  adapterNames: readonly string[]
}
/** A function whose last argument, its options, may name an adapter for each row. */
export type WithRows<F> = F extends {
  (input: infer I1, options: infer O1): infer R1
  (input: infer I2, options?: infer O2): infer R2
}
  ? F & {
      (input: I1, options: O1 & RowOptions): R1
      (input: I2, options: O2 & RowOptions): R2
    }
  : F
