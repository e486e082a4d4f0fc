// The operations that a case must run, by their names in the op table: the fused ones, which would be missing if a slower path ran.
const loss = ['crossEntropy', 'crossEntropyBackward']
const headAndLoss = ['linearCrossEntropy', 'linearCrossEntropyBackward']
const adapter = ['loraLinear', 'loraBackward', 'adamwStep']
const gpt2 = ['layerNorm', 'layerNormBackward', 'sdpa', 'sdpaBackward', 'geluTanh', 'linear', 'linearDx']
// All dense layers of the case are adapted: the gradient of their input is part of loraBackward.
const llama = ['rmsNorm', 'rmsNormBackward', 'rope', 'sdpa', 'sdpaBackward', 'siluMul', 'siluMulBackward']
const roberta = ['layerNorm', 'layerNormBackward', 'sdpa', 'sdpaBackward', 'gelu', 'linear', 'linearDx']
const nlg = [...gpt2, ...headAndLoss, ...adapter]
const padded = [...nlg.filter((name) => !name.startsWith('sdpa')), 'sdpaPacked', 'sdpaPackedBackward']
const smol = [...llama, ...headAndLoss, ...adapter]
const classifier = [...roberta, ...loss, ...adapter]
const linears = ['loraLinear', 'loraBackward', 'linear', 'linearDx', 'loraMerge']
const decoding = ['layerNorm', 'sdpa', 'geluTanh', 'linear', 'sliceAssign']

export const KERNELS = {
  a128: nlg,
  'a128-drop': nlg,
  'a128-hf': nlg,
  a512: padded,
  a103: padded,
  b128: nlg,
  'b128-ckpt': nlg,
  'b128-bf16': nlg,
  c128: [...gpt2, ...headAndLoss, 'adamwStep'],
  d: smol,
  'd-ckpt': smol,
  'd-bf16': smol,
  e: classifier,
  'e-peft': classifier,
  'f-linear768': linears,
  'f-linear4096': linears,
  'f-embedding': ['loraEmbedding', 'loraEmbeddingBackward'],
  'f-merge': ['loraMerge'],
  'f-adamw': ['adamwStep'],
  'g-greedy': decoding,
  'g-beam10': decoding,
  'g-smol': ['rmsNorm', 'rope', 'sdpa', 'linear', 'sliceAssign'],
  j: ['sum'],
  h: [...decoding, 'rmsNorm', 'rope', 'loraLinear', 'loraMerge'],
}
