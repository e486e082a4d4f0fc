// The rows that README.md quotes, and what each measures, in words.
export const QUOTED = [
  { case: 'a128', words: 'One training step of GPT-2 small, LoRA r 4 on query and value, 8 × 128 tokens' },
  {
    case: 'a512',
    words: "One step of the paper's E2E recipe: 8 × 512 tokens, most of them padding",
  },
  { case: 'd', words: 'One step of a 135M Llama, LoRA r 8 on all linear layers, 4 × 256 tokens' },
  { case: 'e', words: 'One step of RoBERTa base, LoRA r 8 on query and value, 16 × 128 tokens' },
  { case: 'g-greedy', words: 'Greedy decoding of GPT-2 small, 128 tokens behind a prompt of 64' },
  {
    case: 'i',
    row: 'first step, GPT-2 of 2 layers x 64',
    words: 'From a cold start to the end of the first training step of a small GPT-2',
  },
]
