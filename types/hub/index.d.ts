// Generated from src/hub/index.ts by `npm run api`. Do not edit.

export { HubError } from './errors.js'
export { hfHubDownload, modelFolder, tokenizerFolder } from './folder.js'
export type { DownloadProgress, HubOptions } from './options.js'
