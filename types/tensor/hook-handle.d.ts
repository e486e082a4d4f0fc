/// <reference lib="esnext.disposable" />
// Generated from src/tensor/hook-handle.ts by `npm run api`. Do not edit.

/** What registering a hook returns: the way to take it back. */
export declare class HookHandle {
  #private
  constructor(remove: () => void)
  /** Takes the hook back. Does nothing the second time. */
  remove(): void
  [Symbol.dispose](): void
}
