/** The version of this package; that of package.json, as __test__/process/package.test.ts checks. */
export const VERSION = '0.1.0'
