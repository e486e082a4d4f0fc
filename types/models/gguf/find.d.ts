// Generated from src/models/gguf/find.ts by `npm run api`. Do not edit.

import type { HubOptions } from '../../hub/options.js'
/** Options that say where a model is. */
export interface SourceOptions extends HubOptions {
  /** Name of a GGUF file in the folder or the repository, as transformers' `gguf_file`. @default none; a folder that holds nothing else is read by its one GGUF file */
  ggufFile?: string
}
