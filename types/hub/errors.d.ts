// Generated from src/hub/errors.ts by `npm run api`. Do not edit.

import { FileError } from '../errors.js'
import type { ErrorParts } from '../errors.js'
/** A file cannot be downloaded from a hub: the server refuses, cannot be reached, or does not have it. Its code is that of a {@link FileError}. */
export declare class HubError extends FileError {
  /** The HTTP status of the response; undefined when there was none. */
  readonly status: number | undefined
  constructor(parts: ErrorParts, status?: number)
}
