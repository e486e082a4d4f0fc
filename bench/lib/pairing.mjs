// Which of our rows is compared with which of torch's rows, which rows decide a case, and what its check must be.

const adamw = (label) => [[`AdamW, ${label}`, [`AdamW fused, ${label}`]]]
const readAll = ['torch.load, then read every element', 'safetensors load_file, then read every element']

/** Rows with different names on the two sides; with several rows of torch's, the fastest counts. Other rows have the same name on both sides. */
const AGAINST = {
  'f-adamw': Object.fromEntries([...adamw('300k in 400 tensors'), ...adamw('10M in 10 tensors')]),
  i: {
    'bare node': ['bare python'],
    'import loralib': ['import torch'],
    'first step, 2 layers of 64': ['first step, torch + loralib, 2 layers of 64'],
    'first step, GPT-2 of 2 layers x 64': ['first step, transformers + peft, GPT-2 of 2 layers x 64'],
  },
  j: {
    save: ['torch.save', 'safetensors save_file'],
    load: ['torch.load', 'safetensors load_file'],
    'load mapped': ['torch.load mmap', 'safetensors load_file'],
    'load, then read every element': readAll,
    'load mapped, then read every element': readAll,
    'GPT2LMHeadModel.fromPretrained': ['GPT2LMHeadModel.from_pretrained'],
    'save of a GPT-2 r=4 adapter': ['torch.save of a GPT-2 r=4 adapter'],
    'load of a GPT-2 r=4 adapter': ['torch.load of a GPT-2 r=4 adapter'],
  },
}

/** Rows that decide the ratio of a case with several: the worst of them is its ratio. All rows, unless named here. */
const DECIDING = {
  'f-linear768': /^(lora|frozen).*forward\+backward$/,
  'f-linear4096': /^(lora|frozen).*forward\+backward$/,
  'f-adamw': /^AdamW/,
  i: /^first step/,
  j: /^(save|load mapped, then read every element)$/,
  roofline: /float32$/,
}

/** Names of torch's rows for one of our rows; `undefined` is the row of a case with one row. */
export function rowsAgainst(name, row) {
  return AGAINST[name]?.[row] ?? [row]
}

export function decides(name, row) {
  return row === undefined || (DECIDING[name] ?? /^/).test(row)
}

/**
 * The case of torch's that ours is compared with: without bf16 instructions its bf16 takes minutes, so f32 is used instead.
 * @param {string[]} flags of the processor
 */
export function torchCase(name, flags) {
  const fast = flags.some((flag) => /^(avx512_bf16|amx_bf16|bf16)$/.test(flag))
  return fast ? name : name.replace(/-bf16$/, '')
}

/** Repetitions of long cases; others use the default. */
export function repetitions(name) {
  if (name.startsWith('a512')) return { reps: 2, warmup: 1 }
  if (/^(b128|d)-bf16/.test(name)) return { reps: 3, warmup: 1 }
  return /^(g-|d|e|c128)/.test(name) ? { reps: 3, warmup: 2 } : { reps: 5, warmup: 2 }
}

/** Checks that differ because the two sides draw different random numbers: the losses after the first. */
const comparableLosses = (name) => (name === 'e-drop' ? 0 : name.endsWith('-drop') ? 1 : Infinity)

/**
 * `ok`, or what differs between the checks of two lines. Losses to 1e-4 relative (bf16: 1e-2), sums to 1e-4, tokens equal.
 * @returns {string}
 */
export function compareChecks(name, ours = {}, theirs = {}) {
  const problems = []
  for (const key of Object.keys(ours)) {
    if (!(key in theirs)) continue
    const [a, b] = [[ours[key]].flat(), [theirs[key]].flat()]
    const n = key === 'losses' ? Math.min(a.length, b.length, comparableLosses(name)) : Math.max(a.length, b.length)
    const tolerance = toleranceOf(name, key)
    for (let i = 0; i < n; i++) {
      if (Math.abs(a[i] - b[i]) <= tolerance * Math.abs(b[i])) continue
      problems.push(`${key}${a.length > 1 ? `[${i}]` : ''} ${a[i]}, torch ${b[i]}`)
    }
  }
  return problems.length > 0 ? problems.join('; ') : 'ok'
}

function toleranceOf(name, key) {
  if (key === 'tokens' || (key === 'sum' && name.startsWith('g-'))) return 0
  return key === 'losses' && name.endsWith('-bf16') ? 1e-2 : 1e-4
}
