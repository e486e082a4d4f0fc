// What a classifier needs besides token ids: padding, token types, labels.
import type { EncodedText } from '../../data/tables/encode-texts.js'
import type { PadOptions } from '../../data/tables/pad-texts.js'
import type { Ids } from '../../generation/ids.js'
import type { LabelsConfig } from '../../models/shared/labels-config.js'
import type { SequenceClassifierOutput, SequenceLabels } from '../../models/shared/sequence-classification.js'
import type { Module } from '../../nn/module.js'
import { OptionError } from '../../errors.js'

/** Any model that labels whole sequences. */
export interface SequenceClassifier extends Module {
  readonly config: LabelsConfig & Record<string, unknown>
  forward(
    inputIds: Ids,
    options?: { attentionMask?: Ids | null; tokenTypeIds?: Ids | null; labels?: SequenceLabels | null },
  ): SequenceClassifierOutput
}

// Models that were trained with token types. RoBERTa has a table for them but was not.
const WITH_TOKEN_TYPES = ['bert', 'deberta', 'deberta-v2']

/** How rows are padded for a model. */
export function padOptionsOf(model: SequenceClassifier): PadOptions {
  const { pad_token_id, model_type, type_vocab_size } = model.config
  const kinds = typeof type_vocab_size === 'number' ? type_vocab_size : 0
  return {
    padTokenId: typeof pad_token_id === 'number' ? pad_token_id : 0,
    tokenTypes: WITH_TOKEN_TYPES.includes(String(model_type)) && kinds > 1,
  }
}

/** @throws {OptionError} when a row has no label, or a label that the model has no output for. */
export function checkRows(owner: string, rows: readonly EncodedText[], model: SequenceClassifier): void {
  const { num_labels } = model.config
  rows.forEach(({ label }, row) => {
    if (label === null) throw unlabelled(owner, row)
    if (num_labels > 1 && !(Number.isInteger(label) && label >= 0 && label < num_labels))
      throw tooLarge(owner, row, label, num_labels)
  })
}

function unlabelled(owner: string, row: number): OptionError {
  return new OptionError({
    what: `${owner}: row ${row + 1} has no label`,
    expected: 'rows with labels',
    received: 'null',
    fix: 'use a set with labels; predictClassifier() takes rows without',
  })
}

function tooLarge(owner: string, row: number, label: number, labels: number): OptionError {
  return new OptionError({
    what: `${owner}: row ${row + 1} has a label that the model has no output for`,
    expected: `classes from 0 to ${labels - 1}`,
    received: String(label),
    fix: 'build the model with config: { num_labels } of the task; 1 is a regression',
  })
}
