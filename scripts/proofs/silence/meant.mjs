// Values that TypeScript excludes and that do what PyTorch does, or harm nobody: by the name of function and place, and the label of the value.
const MEANT = []

/** Whether a wrong call is meant to succeed. */
export function isMeant(name, where, label) {
  return MEANT.some(([call, place, values]) => call.test(name) && place.test(where) && values.test(label))
}
