// Generated from src/adapters/adapter-hub.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { AdapterReport } from './start-from.js'
/**
 * Loads an adapter of AdapterHub into a model; a model without adapters gets adapters of the file's type and size first. Of a head, the layers of RoBERTa's are
 * loaded: `heads.NAME.1` is `classifier.dense`, `heads.NAME.4` is `classifier.out_proj`.
 * @example
 * await adapters.loadAdapterHub(model, 'roberta-base-pf-mnli')
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns what was loaded; a head for other labels is not.
 * @throws {UnsupportedError} for kinds of adapters that are not supported.
 * @throws {KeyError} when an adapter of the model is not in the file, or one of the file not in the model.
 */
export declare function loadAdapterHub(model: Module, dir: string): Promise<AdapterReport>
