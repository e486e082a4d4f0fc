// Generated from src/lora/targets.ts by `npm run api`. Do not edit.

import type { Module } from '../nn/module.js'
/**
 * Names layers: a string fits a path that equals it or ends in `.` + it; a RegExp is tested on the whole path; a function decides by
 * path and layer.
 */
export type Target = string | RegExp | ((path: string, module: Module) => boolean)
