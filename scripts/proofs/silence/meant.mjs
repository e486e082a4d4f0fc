// Values that TypeScript excludes and that do what PyTorch does, or harm nobody: by the name of function and place, and the label of the value.
const MEANT = [
  // config.json holds fields for other programs, and null where nothing is set; transformers keeps the ones and passes over the others.
  [/^models\./, /^config$/, /^(an unknown key|Python's .*|\w+: null)$/],
  // Fields without effect: without sliding window, without convolution.
  [/^models\.Qwen/, /^config$/, /^sliding_window: /],
  [/^models\.Deberta/, /^config$/, /^conv_(groups|act): /],
  // Values of tensors, of which NaN is one.
  [/^Tensor\.(addcmul|addcdiv|indexFill|clamp\w*|maskedFill|fill_)$/, /^(value|min|max)$/, /^NaN$/],
  // A metric that is NaN is no improvement.
  [/^optim\.lrScheduler\.ReduceLROnPlateau\.step$/, /^metrics$/, /^NaN$/],
  [/^tensor$/, /^data$/, /^a list of NaN$/],
]

/** Whether a wrong call is meant to succeed. */
export function isMeant(name, where, label) {
  return MEANT.some(([call, place, values]) => call.test(name) && place.test(where) && values.test(label))
}
