export * from './functional.js'
