// Generated from src/peft/combine.ts by `npm run api`. Do not edit.

/** How adapters are combined. The names are those of PEFT. */
export type CombinationType =
  | 'linear'
  | 'cat'
  | 'svd'
  | 'ties'
  | 'ties_svd'
  | 'dare_linear'
  | 'dare_ties'
  | 'dare_linear_svd'
  | 'dare_ties_svd'
  | 'magnitude_prune'
  | 'magnitude_prune_svd'
/** How the sign of a number is elected: by the sum of the values, or by how many are positive and negative. */
export type MajoritySignMethod = 'total' | 'frequency'
export {}
