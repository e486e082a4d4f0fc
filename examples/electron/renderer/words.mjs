// Numbers as people say them.
const number = new Intl.NumberFormat('en')

export const count = (n) => number.format(Math.round(n))

/** "1 word", "2 words" */
export const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? '' : 's'}`

/** "45 s", "2 min 05 s" */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
}

/** "5.9 million" */
export function large(n) {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} billion`
  return n >= 1e6 ? `${(n / 1e6).toFixed(1)} million` : count(n)
}

/** "3.7 MB" */
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
