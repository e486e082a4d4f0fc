// What `lora.data` holds.
export * from './loader/index.js'
export * from './nlg/index.js'
export * from './rows/index.js'
export * from './tables/index.js'
