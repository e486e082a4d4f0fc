export { getPeftModel, inspectTargets, PeftModel } from './peft-model.js'
export type { LoraStart } from '../lora/starts.js'
export type {
  Adapted,
  LoadAdapterOptions,
  SaveAdapterGgufOptions,
  SavePretrainedOptions,
  StreamWithRows,
  TargetReport,
  TrainableCount,
} from './peft-model.js'
export type { RowOptions, WithRows } from './row-view.js'
export type { FullConfig, LoraConfig, ModulePattern, TaskType } from './config.js'
export type { WeightedAdapterOptions } from './weighted.js'
export type { CombinationType, MajoritySignMethod } from './combine.js'
export { createLoraFaOptimizer, loraPlusParamGroups } from './optimizers.js'
export type { LoraFa, LoraFaOptions, LoraPlusGroup, LoraPlusOptions } from './optimizers.js'
export type { MergeOptions, MergeReport } from './merging.js'
export type { LayerStatus, ModelStatus } from './status.js'
export type { LoralibFacts } from './loralib-file.js'
