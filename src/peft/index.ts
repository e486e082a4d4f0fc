export { getPeftModel, inspectTargets, PeftModel } from './peft-model.js'
export type { Adapted, LoadAdapterOptions, StreamWithRows, TargetReport, TrainableCount } from './peft-model.js'
export type { RowOptions, WithRows } from './row-view.js'
export type { FullConfig, LoraConfig, ModulePattern, TaskType } from './config.js'
