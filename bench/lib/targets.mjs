// Targets of the package: torch / node in time at least, node / torch in peak memory at most; `rows` for single rows. Printed beside the ratios; missing a
// target is not a failure.
const target = (time, memory) => ({ time, memory })

export const targets = {
  a128: target(1.5, 0.45),
  'a128-hf': target(1.5, 0.45),
  b128: target(1.2, 0.45),
  a512: target(20, 0.12),
  a103: target(2.5, 0.4),
  'b128-ckpt': target(1.2, 0.4),
  'd-ckpt': target(1.2, 0.4),
  c128: target(1.3, 0.65),
  d: target(1.35, 0.45),
  e: target(1.05, 0.6),
  'b128-bf16': target(1.2, 0.35),
  'd-bf16': target(1.4, 0.35),
  'f-linear768': target(1.2),
  'f-linear4096': target(1.2),
  'f-embedding': target(3),
  'f-merge': target(3),
  'f-adamw': { ...target(1), rows: { 'AdamW, 300k in 400 tensors': 2 } },
  'g-greedy': target(2.2, 0.5),
  'g-smol': target(2.8, 0.5),
  'g-beam10': target(2.5, 0.5),
  i: target(12, 0.2),
  j: target(1),
}
