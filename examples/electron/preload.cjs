// All that the page can do outside of itself. A sandboxed preload script loads no files of its own, so it is one file, in CommonJS.
const { contextBridge, ipcRenderer } = require('electron')

contextBridge.exposeInMainWorld('studio', {
  /** `{ revision, state }`: changes up to this revision are in it. */
  state: () => ipcRenderer.invoke('session:state'),
  /** Calls the listener with `{ revision, set | steps | piece }` for each change. */
  onChange: (listener) => void ipcRenderer.on('session:change', (_event, change) => listener(change)),
  useText: (documents) => ipcRenderer.invoke('text:use', { documents }),
  chooseBase: () => ipcRenderer.invoke('base:choose'),
  useDefaultBase: () => ipcRenderer.invoke('base:default'),
  train: (minutes) => ipcRenderer.invoke('training:start', { minutes }),
  stopTraining: () => ipcRenderer.invoke('training:stop'),
  write: (prompt) => ipcRenderer.invoke('writing:start', { prompt }),
  stopWriting: () => ipcRenderer.invoke('writing:stop'),
  exportAdapter: () => ipcRenderer.invoke('adapter:export'),
  restartTrainer: () => ipcRenderer.invoke('trainer:restart'),
})
