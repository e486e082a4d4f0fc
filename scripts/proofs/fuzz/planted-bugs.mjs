// The checks that are left out for `proof:fuzz -- --falsify`, by the reader that must find it. Those of Rust readers are left out by the feature `planted` of
// crates/core, those of TypeScript ones in the text of dist/ as it is loaded (planted.mjs).
export const PLANTED = {
  safetensors: 'the bytes of a tensor need not be those of its shape',
  torch: 'a record of the archive may reach past the end of the file',
  pickle: 'a tensor may reach past the end of its storage',
  'tokenizer-sentencepiece': 'a field may be longer than what is left of the message',
  'saved-object': 'a list of pairs may hold what is no pair',
  'chat-template': 'a text may be repeated as often as a template likes',
}

/** What stands in the code of the library, and what is put there. */
export const REPLACED = [
  ['value.every((pair) => Array.isArray(pair) && pair.length === 2)', 'true'],
  ['countMade(text.length * times)', ''],
]
