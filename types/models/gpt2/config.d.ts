// Generated from src/models/gpt2/config.ts by `npm run api`. Do not edit.

/** The configuration of a GPT-2, as in `config.json`. */
export interface GPT2Config {
  /** Number of tokens V. @default 50257 */
  vocab_size: number
  /** Longest sequence. @default 1024 */
  n_positions: number
  /** Channels C. @default 768 */
  n_embd: number
  /** Blocks. @default 12 */
  n_layer: number
  /** Attention heads H; divides `n_embd`. @default 12 */
  n_head: number
  /** Width of the MLP; null for 4 · n_embd. @default null */
  n_inner: number | null
  /** `gelu_new`, `gelu_pytorch_tanh`, `gelu`, `relu`, `silu` or `tanh`. @default 'gelu_new' */
  activation_function: string
  /** Added to the variance in norms. @default 1e-5 */
  layer_norm_epsilon: number
  /** Standard deviation of fresh weights. @default 0.02 */
  initializer_range: number
  /** Dropout on the embeddings, in training. @default 0.1 */
  embd_pdrop: number
  /** Dropout on the attention weights, in training. @default 0.1 */
  attn_pdrop: number
  /** Dropout on the output of each half of a block, in training. @default 0.1 */
  resid_pdrop: number
  /** The head shares the weight of the token embedding. @default true */
  tie_word_embeddings: boolean
  /** Divide attention scores by √D. @default true */
  scale_attn_weights: boolean
  /** Divide them by the number of the block, too. @default false */
  scale_attn_by_inverse_layer_idx: boolean
  /** The token that begins a text. @default 50256 */
  bos_token_id: number | null
  /** Where generation stops. @default 50256 */
  eos_token_id: number | number[] | null
  /** The token that pads short rows. @default null */
  pad_token_id: number | null
  [other: string]: unknown
}
