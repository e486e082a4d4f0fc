// How the app is packed. docs/electron.md says why, and what Electron Forge wants in its place.
module.exports = {
  appId: 'example.loralib.own-words',
  productName: 'Own Words',
  // package.json and the production dependencies are added by electron-builder.
  files: ['main.mjs', 'preload.cjs', 'main/**', 'renderer/**', 'trainer/**'],
  asarUnpack: [
    // The addon: the system's loader needs a real file, and libraries that may lie beside it.
    'node_modules/@loralib/**',
    // The trainer and all that it imports, so that the utility process runs from real files and needs nothing of Electron's archive.
    'trainer/**',
    'node_modules/loralib/**',
    'node_modules/csv-parse/**',
    'node_modules/hyparquet/**',
  ],
  // The engine maps the weights, so they are no part of the archive.
  extraResources: [{ from: '../../models/base', to: 'models/base' }],
  // Addons of Node-API fit every Electron: nothing is to be compiled.
  npmRebuild: false,
  electronFuses: {
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    // The page comes over a scheme of its own.
    grantFileProtocolExtraPrivileges: false,
  },
  mac: {
    category: 'public.app-category.productivity',
    target: 'dmg',
    // Signs every library in the app, the unpacked addon too, with the same identity.
    hardenedRuntime: true,
  },
  win: { target: 'nsis' },
  linux: { target: 'AppImage', category: 'Utility' },
}
