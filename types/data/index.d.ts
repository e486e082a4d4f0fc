// Generated from src/data/index.ts by `npm run api`. Do not edit.

export * from './loader/index.js'
export * from './nlg/index.js'
export * from './rows/index.js'
export * from './tables/index.js'
