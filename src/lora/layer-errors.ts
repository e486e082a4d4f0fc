// Errors of LoRA layers.
import { GradError, OptionError, UnsupportedError } from '../errors.js'

export function noVariant(name: string, what: string): UnsupportedError {
  return new UnsupportedError({
    what: `lora.${name}: ${what} is not supported for this class of layers`,
    expected: 'a layer that takes it: nn.Linear, nn.TransposedLinear, nn.Embedding, nn.Conv1d to nn.Conv3d',
    received: `lora.${name}`,
    fix: 'name other layers as targets',
  })
}

export function writtenWhileMerged(name: string): OptionError {
  return new OptionError({
    what: `lora.${name}: the weight was written to while merged`,
    expected: 'writes to the unmerged weight',
    received: 'a write to the merged copy, which unmerging throws away',
    fix: 'call unmerge() or train() first, or load the values with loadStateDict()',
  })
}

export function trainedWhileMerged(name: string): GradError {
  return new GradError({
    what: `lora.${name}: a training forward on merged weights would give lora_A and lora_B no gradient`,
    expected: 'an unmerged layer in training mode',
    received: 'merged, training, gradients on',
    fix: 'call unmerge() or train() before training; for inference call eval() or use noGrad()',
  })
}

export function onlyOneDora(name: string): UnsupportedError {
  return new UnsupportedError({
    what: `lora.${name}: a weight that holds another update cannot be scaled by DoRA`,
    expected: 'one adapter with DoRA, merged alone',
    received: 'several adapters',
    fix: 'merge one of them, or leave them unmerged',
  })
}

export function groupedKernels(name: string, what: string): UnsupportedError {
  return new UnsupportedError({
    what: `lora.${name}: ${what} is not possible for a convolution with groups`,
    expected: 'a convolution without groups: the update of one mixes channels of all groups',
    received: 'groups above 1',
    fix: 'exclude the layer, or leave the adapter unmerged and without DoRA',
  })
}
