// The loss curve: every step thin, their mean thick, what was held back as dots.
const SVG = 'http://www.w3.org/2000/svg'
const [WIDTH, HEIGHT] = [520, 220]
const FRAME = { left: 34, right: 14, top: 12, bottom: 26 }
/** More would be drawn over each other. */
const MOST_POINTS = 400
/** Of the steps so far, how many are averaged into one point of the thick line, and into the number above the curve. */
const SMOOTHED_SHARE = 1 / 12
const FEWEST_SMOOTHED = 5

/**
 * @param {SVGElement} svg
 * @param {{ points: [number, number][], heldBack: [number, number][] }} run
 */
export function drawCurve(svg, { points, heldBack }) {
  const shown = thin(points)
  const smooth = movingMean(shown)
  const losses = [...shown, ...heldBack].map(([, loss]) => loss)
  const last = Math.max(1, points.at(-1)?.[0] ?? 1)
  const top = Math.max(1, ...losses)
  const x = (step) => FRAME.left + ((WIDTH - FRAME.left - FRAME.right) * step) / last
  const y = (loss) => HEIGHT - FRAME.bottom - ((HEIGHT - FRAME.top - FRAME.bottom) * loss) / top
  const at = ([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`
  const line = (list, name) => element('polyline', { class: name, points: list.map(at).join(' ') })
  const title = svg.querySelector('title')
  title.textContent = inWords(points, heldBack)
  svg.replaceChildren(
    title,
    ...ticks(top).flatMap((loss) => [
      element('line', { class: 'grid', x1: FRAME.left, x2: WIDTH - FRAME.right, y1: y(loss), y2: y(loss) }),
      label(loss, FRAME.left - 8, y(loss) + 4, 'end'),
    ]),
    label('0', x(0), HEIGHT - 8, 'middle'),
    label(`${last.toLocaleString('en')} steps`, x(last), HEIGHT - 8, 'end'),
    line(shown, 'each'),
    line(smooth, 'mean'),
    line(heldBack, 'held'),
    ...heldBack.map(([step, loss]) => element('circle', { class: 'dot', cx: x(step), cy: y(loss), r: 5 })),
  )
}

/** The loss of the last steps; undefined before the first. */
export function lastLoss(points) {
  return points.length === 0 ? undefined : mean(points.slice(-widthFor(points)))
}

function inWords(points, heldBack) {
  if (points.length === 0) return 'Loss by step: nothing yet'
  const held =
    heldBack.length > 1
      ? `; on the part that is never read from ${heldBack[0][1].toFixed(2)} to ${heldBack.at(-1)[1].toFixed(2)}`
      : ''
  return `Loss by step: from ${points[0][1].toFixed(2)} to ${lastLoss(points).toFixed(2)} in ${points.length} steps${held}`
}

/** Neighbours as their mean, where there are too many points. */
function thin(points) {
  const size = Math.ceil(points.length / MOST_POINTS)
  if (size <= 1) return points
  return Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size)
    return [group.at(-1)[0], mean(group)]
  })
}

/** Each point as the mean of its neighbours on both sides: near the beginning, where the curve is steep, of fewer. */
function movingMean(points) {
  const half = Math.floor(widthFor(points) / 2)
  return points.map(([step], i) => {
    const reach = Math.min(half, i)
    return [step, mean(points.slice(i - reach, i + reach + 1))]
  })
}

function widthFor(points) {
  return Math.max(FEWEST_SMOOTHED, Math.round(SMOOTHED_SHARE * points.length))
}

function mean(points) {
  return points.reduce((sum, [, loss]) => sum + loss, 0) / points.length
}

function ticks(top) {
  const step = [0.5, 1, 2, 5, 10].find((each) => top / each <= 5) ?? 20
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step)
}

function label(text, x, y, anchor) {
  const node = element('text', { x, y, 'text-anchor': anchor })
  node.textContent = String(text)
  return node
}

function element(name, attributes) {
  const node = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value))
  return node
}
