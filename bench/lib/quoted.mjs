// The rows that README.md quotes, and what each measures, in words.
export const QUOTED = [
  { case: 'a128', words: 'One training step of GPT-2 small, LoRA r 4 on query and value, 8 × 128 tokens' },
  {
    case: 'a512',
    words: "One step of the paper's E2E recipe: 8 rows padded to 512 tokens, of which 64 are real on average",
  },
  { case: 'd', words: 'One step of a Llama of 135 million parameters, LoRA r 8 on all linear layers, 4 × 256 tokens' },
  { case: 'e', words: 'One step of RoBERTa base, LoRA r 8 on query and value, a trained head, 16 × 128 tokens' },
  { case: 'g-greedy', words: 'Greedy text of GPT-2 small: 128 new tokens behind 64' },
  {
    case: 'i',
    row: 'first step, GPT-2 of 2 layers x 64',
    words: 'A cold start: a new process, import, a small GPT-2, its first training step',
  },
]
