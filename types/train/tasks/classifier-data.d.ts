// Generated from src/train/tasks/classifier-data.ts by `npm run api`. Do not edit.

import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from '../../models/shared/labels-config.js'
import type { SequenceClassifierOutput, SequenceLabels } from '../../models/shared/sequence-classification.js'
import type { Module } from '../../nn/module.js'
/** Any model that labels whole sequences. */
export interface SequenceClassifier extends Module {
  readonly config: LabelsConfig & Record<string, unknown>
  forward(
    inputIds: Ids,
    options?: {
      attentionMask?: Ids | null
      tokenTypeIds?: Ids | null
      labels?: SequenceLabels | null
    },
  ): SequenceClassifierOutput
}
