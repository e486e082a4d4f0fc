// Generated from src/adapters/adapter-hub.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
import type { AdapterReport } from './start-from.js'
/**
 * Reads an adapter of AdapterHub into a model, which gets adapters of the file's type and size unless it has some. Of a head, what fits RoBERTa's is
 * taken: `heads.NAME.1` is `classifier.dense`, `heads.NAME.4` is `classifier.out_proj`.
 * @example
 * await adapters.loadAdapterHub(model, 'roberta-base-pf-mnli')
 * adapters.trainOnly(model, ['adapters', 'head'])
 * @returns what was taken; a head for other labels is not.
 * @throws {UnsupportedError} for kinds of adapters that this package does not compute.
 * @throws {KeyError} when an adapter of the model is not in the file, or one of the file not in the model.
 */
export declare function loadAdapterHub(model: Module, dir: string): Promise<AdapterReport>
