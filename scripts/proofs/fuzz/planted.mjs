// Leaves checks out of the library as it is loaded: node --import planted.mjs.
import { register } from 'node:module'

register('./planted-loader.mjs', import.meta.url)
