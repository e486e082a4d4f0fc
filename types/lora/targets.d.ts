// Generated from src/lora/targets.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/**
 * Selects layers: a string matches a path that equals it or ends with `.` and it; a RegExp is tested against the whole path; a function decides
 * from path and layer.
 */
export type Target = string | RegExp | ((path: string, module: Module) => boolean)
