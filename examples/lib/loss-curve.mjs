// A loss curve as SVG: training loss of each step, its running mean, and the held-out loss.

const [WIDTH, HEIGHT] = [800, 440]
const FRAME = { left: 64, right: 24, top: 56, bottom: 52 }
const COLOURS = {
  train: '#c3d3e8',
  mean: '#2b6cb0',
  heldout: '#c2410c',
  grid: '#e5e7eb',
  text: '#374151',
  axis: '#6b7280',
}
const MEMORY = 0.95

/**
 * @param {{ title: string, train: { step: number, loss: number }[], heldout: { step: number, loss: number }[] }} run
 * @returns {string} an SVG document
 */
export function lossCurve({ title, train, heldout }) {
  const all = [...train, ...heldout]
  const yTicks = ticks(Math.min(...all.map((p) => p.loss)), Math.max(...all.map((p) => p.loss)), 6)
  const xTicks = ticks(0, Math.max(1, ...all.map((p) => p.step)), 7)
  const scale = {
    x: linear(0, xTicks.at(-1), FRAME.left, WIDTH - FRAME.right),
    y: linear(yTicks[0], yTicks.at(-1), HEIGHT - FRAME.bottom, FRAME.top),
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="${COLOURS.text}">
<title>${escape(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${FRAME.left}" y="26" font-size="16" font-weight="600">${escape(title)}</text>
${axes(xTicks, yTicks, scale)}
${line(train, scale, COLOURS.train, 1)}
${line(runningMean(train), scale, COLOURS.mean, 2.2)}
${line(heldout, scale, COLOURS.heldout, 2)}
${heldout.map((p) => `<circle cx="${scale.x(p.step)}" cy="${scale.y(p.loss)}" r="4" fill="${COLOURS.heldout}"/>`).join('\n')}
${endLabels(heldout, scale)}
${legend()}
</svg>
`
}

function axes(xTicks, yTicks, { x, y }) {
  const [bottom, right] = [HEIGHT - FRAME.bottom, WIDTH - FRAME.right]
  const horizontal = yTicks.map(
    (value) =>
      `<path d="M${FRAME.left} ${y(value)}H${right}" stroke="${COLOURS.grid}"/><text x="${FRAME.left - 10}" y="${y(value) + 4}" text-anchor="end">${label(value)}</text>`,
  )
  const vertical = xTicks.map(
    (value) =>
      `<path d="M${x(value)} ${bottom}v5" stroke="${COLOURS.axis}"/><text x="${x(value)}" y="${bottom + 20}" text-anchor="middle">${label(value)}</text>`,
  )
  return [
    ...horizontal,
    ...vertical,
    `<path d="M${FRAME.left} ${FRAME.top}V${bottom}H${right}" fill="none" stroke="${COLOURS.axis}"/>`,
    `<text x="${(FRAME.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">step</text>`,
    `<text transform="translate(18 ${(FRAME.top + bottom) / 2}) rotate(-90)" text-anchor="middle">loss (nats per token)</text>`,
  ].join('\n')
}

function line(points, { x, y }, colour, width) {
  if (points.length === 0) return ''
  const path = points.map((p, i) => `${i === 0 ? 'M' : 'L'}${x(p.step)} ${y(p.loss)}`).join('')
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"/>`
}

/** The first and the last held-out loss in numbers. */
function endLabels(points, { x, y }) {
  const ends = points.length > 1 ? [points[0], points.at(-1)] : points
  return ends
    .map((p, i) => {
      const [anchor, dx] = i === 0 ? ['start', 8] : ['end', -2]
      return `<text x="${x(p.step) + dx}" y="${y(p.loss) - 14}" text-anchor="${anchor}" font-weight="600" fill="${COLOURS.heldout}" stroke="#ffffff" stroke-width="4" paint-order="stroke">${p.loss.toFixed(2)}</text>`
    })
    .join('\n')
}

function legend() {
  const entries = [
    ['training, each step', COLOURS.train],
    ['training, running mean', COLOURS.mean],
    ['held out', COLOURS.heldout],
  ]
  let at = WIDTH - FRAME.right - 440
  return entries
    .map(([text, colour]) => {
      const entry = `<path d="M${at} 46h20" stroke="${colour}" stroke-width="3"/><text x="${at + 26}" y="50">${text}</text>`
      at += 50 + 6.4 * text.length
      return entry
    })
    .join('\n')
}

function runningMean(points) {
  let [sum, weight] = [0, 0]
  return points.map(({ step, loss }) => {
    sum = MEMORY * sum + loss
    weight = MEMORY * weight + 1
    return { step, loss: sum / weight }
  })
}

/** Round numbers that enclose the range, about `count` of them. */
function ticks(low, high, count) {
  const span = Math.max(high - low, 1e-6)
  const power = 10 ** Math.floor(Math.log10(span / count))
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => span / s <= count)
  const first = Math.floor(low / step)
  return Array.from({ length: Math.ceil(high / step) - first + 1 }, (_, i) => (first + i) * step)
}

function linear(from, to, start, end) {
  return (value) => Math.round((start + ((value - from) / (to - from || 1)) * (end - start)) * 100) / 100
}

function label(value) {
  return Number(value.toPrecision(6)).toLocaleString('en')
}

function escape(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
