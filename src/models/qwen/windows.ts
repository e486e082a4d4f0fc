import { checkBoolean, checkInteger } from '../../runtime/options.js'
import { checkWindow, windowedLayers } from '../shared/rotary-config.js'

/** Fields that say which blocks of a Qwen have a sliding window. */
interface WindowFields {
  num_hidden_layers: number
  use_sliding_window: boolean
  sliding_window: number | null
  max_window_layers: number
  layer_types?: string[] | null
}

/** The window and the blocks that have it: `layer_types`, or those from `max_window_layers` on. */
export function qwenWindows(owner: string, config: WindowFields): { window: number | null; hasWindow: boolean[] } {
  const isUsed = checkBoolean(owner, 'use_sliding_window', config.use_sliding_window)
  const first = checkInteger(owner, 'max_window_layers', config.max_window_layers, 0)
  const window = isUsed ? checkWindow(owner, config.sliding_window) : null
  return { window, hasWindow: windowedLayers(owner, config, window, (layer) => layer >= first) }
}
