// Generated from src/hub/errors.ts by `npm run api`. Do not edit.

import { FileError } from '../errors.js'
import type { ErrorParts } from '../errors.js'
/** A file of a hub cannot be had: the server refuses, cannot be reached, or does not hold it. Its code is that of a {@link FileError}. */
export declare class HubError extends FileError {
  /** The HTTP status that the server answered with; undefined when no answer came. */
  readonly status: number | undefined
  constructor(parts: ErrorParts, status?: number)
}
