// Generated from src/models/gemma/config.ts by `npm run api`. Do not edit.

/** Fields of `config.json` that both have. */
export interface GemmaFields {
  /** Activation of the MLP. @default 'gelu_pytorch_tanh' */
  hidden_activation: string
  /** The projections of attention have a bias. @default false */
  attention_bias: boolean
  /** Attention scores are divided by its root. @default 256 */
  query_pre_attn_scalar: number
  /** How many tokens each one looks at in blocks with a sliding window, itself included. @default 4096 */
  sliding_window: number | null
  /** For each block `full_attention` or `sliding_attention`. @default Gemma 2: the first of two has a window; Gemma 3: five of six have one */
  layer_types?: string[] | null
  /** Attention scores s become `cap · tanh(s / cap)`; null for none. @default Gemma 2: 50; Gemma 3: null */
  attn_logit_softcapping: number | null
  /** Logits x become `cap · tanh(x / cap)`; null for none. @default Gemma 2: 30; Gemma 3: null */
  final_logit_softcapping: number | null
}
