// Generated from src/peft/status.ts by `npm run api`. Do not edit.

/** Of one layer. The names are those of PEFT's `TunerLayerStatus`. */
export interface LayerStatus {
  /** The path of the layer. */
  name: string
  /** Its class, e.g. `lora.Linear`. */
  moduleType: string
  /** Whether adapters act at all: false inside of `disableAdapter`. */
  enabled: boolean
  /** The adapters that act in calls of the model object. */
  activeAdapters: readonly string[]
  /** Those in the merged weight. */
  mergedAdapters: readonly string[]
  /** Whether the parameters of each train; `'irregular'` when some do and some do not. */
  requiresGrad: Record<string, boolean | 'irregular'>
  /** All adapters of the layer. */
  availableAdapters: readonly string[]
  /** Where the tensors of each are. */
  devices: Record<string, string[]>
}
/** Of the whole model. The names are those of PEFT's `TunerModelStatus`; `'irregular'` where its layers differ. */
export interface ModelStatus {
  baseModelType: string
  adapterModelType: 'LoraModel'
  peftTypes: Record<string, 'LORA'>
  trainableParams: number
  totalParams: number
  numAdapterLayers: number
  enabled: boolean
  activeAdapters: readonly string[]
  mergedAdapters: readonly string[] | 'irregular'
  requiresGrad: Record<string, boolean | 'irregular'>
  availableAdapters: readonly string[]
  devices: Record<string, string[]>
  /** Layer by layer. */
  layers: LayerStatus[]
}
