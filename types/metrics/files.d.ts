// Generated from src/metrics/files.ts by `npm run api`. Do not edit.

/** Outputs, one per line. An empty line is an empty output. */
export declare function readHypotheses(path: string): Promise<string[]>
/**
 * References of each output, in one of these layouts:
 * - one file with one reference per line and a blank line after those of an output (E2E);
 * - one file without blank lines: one reference per output;
 * - several files, or a folder with `reference0`, `reference1`, …, or the common prefix of such paths: line i of each belongs to output i (WebNLG,
 *   DART). Blank lines are missing references.
 * @throws {FileError} `ERR_LORA_FILE` when a file cannot be read or is empty.
 * @throws {FormatError} `ERR_LORA_FORMAT` when files have different numbers of lines, or an output has no reference.
 */
export declare function readReferences(paths: string | readonly string[]): Promise<string[][]>
