// The installations: how each is broken, and what its message must say. `says: null` is one that must work.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ask, inRoot, packageJson, run } from '../../lib/run.mjs'
import { platforms } from '../../packages/manifests.mjs'
import { bundle } from './bundles.mjs'
import { addonOf, hostPlatform, packageOf, rename, setMachine } from './parts.mjs'
import { foreignLibrary, libraryOfMusl, libraryOfNewGlibc } from './libraries.mjs'

const { version } = packageJson()
const INSTALL = /npm install/
const NODE_ONLY = 'only Linux has it'
const isLinux = process.platform === 'linux'

export const CASES = {
  'as installed': { make: () => {}, says: null },
  'the package of the platform is missing, as with --omit=optional': {
    make: (folder) => rmSync(packageOf(folder), { recursive: true }),
    says: [/is not installed/, new RegExp(`@loralib/${hostPlatform()}`), /--include=optional/, INSTALL],
  },
  'node_modules of another system': {
    make: (folder) => renameSync(packageOf(folder), join(folder, 'node_modules/@loralib/win32-x64-msvc')),
    says: [/is not installed/, /@loralib\/win32-x64-msvc/, /lock file was made on another system/],
  },
  'the addon is of another version': {
    make: (folder) => {
      const path = join(folder, 'node_modules/loralib/dist/loralib.js')
      const code = readFileSync(path, 'utf8')
      writeFileSync(path, code.replace(/(\bVERSION[$\d]*) = '[\d.]+'/, "$1 = '0.9.9'"))
    },
    says: [/another version/, /0\.9\.9/, new RegExp(`${version}, in `), /npm install loralib@0\.9\.9/],
  },
  'a file for musl under glibc': {
    make: (folder) => (isLinux ? libraryOfMusl(addonOf(folder)) : NODE_ONLY),
    says: [/cannot be loaded/, /for glibc, which this Node runs on/, /musl/],
  },
  'Node runs on musl, the package is for glibc': {
    make: () => {},
    run: { before: rename('libc', 'musl') },
    says: [/Linux on \w+ with musl is not installed/, /-gnu/, /made on another system/],
    ...(!isLinux && { make: () => NODE_ONLY }),
  },
  'a glibc that is too old': {
    make: (folder) => (isLinux ? libraryOfNewGlibc(addonOf(folder)) : NODE_ONLY),
    says: [/glibc 2\.28 or newer/, /GLIBC_2\.99/, /newer system/],
  },
  'the file is cut off': {
    make: (folder) => truncateSync(addonOf(folder), 200_000),
    says: [/a whole library/, /cut off: 200000 of/, INSTALL],
  },
  'the file is empty': {
    make: (folder) => truncateSync(addonOf(folder), 0),
    says: [/a file of 0 bytes/, /damaged/, INSTALL],
  },
  'a pointer of git LFS in place of the file': {
    make: (folder) =>
      writeFileSync(
        addonOf(folder),
        `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 17000000\n`,
      ),
    says: [/not a library/, /damaged/, INSTALL],
  },
  'the user may not read the file': {
    make: (folder) => {
      chmodSync(addonOf(folder), 0o000)
      if (process.platform === 'win32') return 'Windows has no such bits'
    },
    // Root reads everything.
    run: process.getuid?.() === 0 ? { user: 65534 } : {},
    says: [/may read/, /chmod a\+r/],
  },
  'the folder is mounted without the right to run': {
    make: async (folder, cleanUp) => {
      if (!isLinux || process.getuid() !== 0) return 'only root on Linux can mount'
      const copy = readFileSync(addonOf(folder))
      const { code, errors } = await run('mount', ['-t', 'tmpfs', '-o', 'noexec', 'tmpfs', packageOf(folder)], {
        show: false,
      })
      if (code !== 0) return `this system does not mount: ${errors.trim()}`
      cpSync(join(folder, '../packages/stage', hostPlatform()), packageOf(folder), { recursive: true })
      writeFileSync(addonOf(folder), copy)
      cleanUp.push(() => ask('umount', [packageOf(folder)]))
    },
    says: [/noexec/, /may read and map/],
  },
  'a file for another processor': {
    make: (folder) => (isLinux ? setMachine(addonOf(folder), process.arch === 'arm64' ? 62 : 183) : NODE_ONLY),
    says: [
      new RegExp(`a library for Linux on ${process.arch === 'arm64' ? 'x64' : 'arm64'}`),
      /made on another system/,
    ],
  },
  'a file for Windows': {
    make: (folder) => writeFileSync(addonOf(folder), foreignLibrary('win32')),
    says: [/a library for Windows on x64/, /made on another system/],
  },
  'a file for macOS': {
    make: (folder) => writeFileSync(addonOf(folder), foreignLibrary('darwin')),
    says: [/a library for macOS on arm64/, /made on another system/],
  },
  'a processor without a package': {
    make: () => {},
    run: { before: rename('arch', 'riscv64') },
    says: [
      /no prebuilt addon for/,
      /riscv64/,
      /npm run build/,
      ...Object.keys(platforms()).map((each) => new RegExp(each)),
    ],
  },
  'a processor without AVX2': {
    make: () =>
      process.arch !== 'x64' || !isLinux
        ? 'only x64 has it'
        : nehalem()
          ? undefined
          : 'qemu-x86_64 was not found: apt-get install qemu-user-static',
    run: { program: [...(nehalem() ?? []), process.execPath], warns: /no AVX2/ },
    says: null,
  },
  'bundled to an ES module, without node_modules beside it': {
    make: (folder) => bundle(folder, 'es'),
    run: { load: "const lora = await import('./bundle/app.mjs')" },
    says: [/was bundled/, /--external:loralib/, /webpack/, /Rollup/, /Vite/],
  },
  'bundled to CommonJS, without node_modules beside it': {
    make: (folder) => bundle(folder, 'cjs'),
    run: { load: "const lora = (await import('./bundle/app.cjs')).default" },
    says: [/was bundled/, /--external:loralib/],
  },
  'bundled, with node_modules beside it': {
    make: async (folder) => {
      await bundle(folder, 'es', { keep: true })
    },
    run: { load: "const lora = await import('./bundle/app.mjs')" },
    says: null,
  },
  'in an archive of Electron, not unpacked': {
    make: (folder) => {
      mkdirSync(join(folder, 'app.asar'))
      renameSync(join(folder, 'node_modules'), join(folder, 'app.asar/node_modules'))
      // Outside Electron an archive is not a folder: what the system would find in it is no library.
      writeFileSync(addonOf(join(folder, 'app.asar')), 'inside an archive')
    },
    run: { load: "const lora = await import('./app.asar/node_modules/loralib/dist/index.js')" },
    says: [/outside the archive/, /asarUnpack/],
  },
  'in an archive of Electron, unpacked beside it': {
    make: (folder) => {
      mkdirSync(join(folder, 'app.asar'))
      renameSync(join(folder, 'node_modules'), join(folder, 'app.asar/node_modules'))
      cpSync(packageOf(join(folder, 'app.asar')), packageOf(join(folder, 'app.asar.unpacked')), { recursive: true })
      writeFileSync(addonOf(join(folder, 'app.asar')), 'inside an archive')
    },
    run: { load: "const lora = await import('./app.asar/node_modules/loralib/dist/index.js')" },
    says: null,
  },
  'two copies in one process, each for itself': {
    make: (folder) => cpSync(join(folder, 'node_modules'), join(folder, 'second/node_modules'), { recursive: true }),
    run: {
      load: `const second = await import('./second/node_modules/loralib/dist/index.js')
      const lora = await import('loralib')
      if (await second.ones([2]).sum().item() !== 2) throw new Error('the second copy does not compute')`,
    },
    says: null,
  },
  'two copies in one process, a tensor of one given to the other': {
    make: (folder) => cpSync(join(folder, 'node_modules'), join(folder, 'second/node_modules'), { recursive: true }),
    run: {
      code: 'ERR_LORA_THREAD',
      load: `const second = await import('./second/node_modules/loralib/dist/index.js')
      const lora = await import('loralib')
      lora.nn.functional.relu(second.ones([2]))`,
    },
    says: [/another copy of loralib/, /npm ls loralib/],
  },
  'LORALIB_NATIVE_PATH names a file that is not there': {
    make: () => {},
    run: { env: { LORALIB_NATIVE_PATH: '/nowhere/loralib.node' } },
    says: [/which is not there/, /nowhere/, /LORALIB_NATIVE_PATH/],
  },
  'LORALIB_NATIVE_PATH names a folder': {
    make: () => {},
    run: { env: { LORALIB_NATIVE_PATH: '.' } },
    says: [/cannot be loaded/, /LORALIB_NATIVE_PATH/],
  },
  'LORALIB_NATIVE_PATH names another addon': {
    make: (folder) => (isLinux ? foreignAddon(join(folder, 'other.node')) : NODE_ONLY),
    run: { env: { LORALIB_NATIVE_PATH: 'other.node' } },
    says: [/not an addon of loralib/, /LORALIB_NATIVE_PATH/],
  },
  'LORALIB_NATIVE_PATH names the addon, and no package is installed': {
    make: (folder) => {
      cpSync(addonOf(folder), join(folder, 'mine.node'))
      rmSync(packageOf(folder), { recursive: true })
    },
    run: { env: { LORALIB_NATIVE_PATH: 'mine.node' } },
    says: null,
  },
  'folders as pnpm links them, and a path with spaces and signs': {
    make: (folder) => {
      const store = join(folder, 'a store – ü/node_modules')
      mkdirSync(join(folder, 'a store – ü'))
      renameSync(join(folder, 'node_modules'), store)
      mkdirSync(join(folder, 'node_modules'))
      symlinkSync(join(store, 'loralib'), join(folder, 'node_modules/loralib'), 'junction')
    },
    says: null,
  },
  'required by CommonJS, the package of the platform is missing': {
    make: (folder) => rmSync(packageOf(folder), { recursive: true }),
    run: { load: "const lora = process.getBuiltinModule('node:module').createRequire(import.meta.url)('loralib')" },
    says: [/is not installed/, INSTALL],
  },
  'a worker, the package of the platform is missing': {
    make: (folder) => rmSync(packageOf(folder), { recursive: true }),
    run: {
      load: `const { Worker } = await import('node:worker_threads')
      const lora = await new Promise((done, failed) => new Worker("import('loralib').catch((e) => { throw e })", { eval: true }).on('error', failed).on('exit', done))`,
    },
    says: [/is not installed/, INSTALL],
  },
}

/** The emulator of a processor of 2008, or null. */
function nehalem() {
  const found = [inRoot('.cache/platforms/qemu-x86_64-static'), 'qemu-x86_64-static', 'qemu-x86_64'].find((name) =>
    ask(name),
  )
  return found ? [found, '-cpu', 'Nehalem'] : null
}

async function foreignAddon(path) {
  const source = `${path}.c`
  writeFileSync(source, 'void* napi_register_module_v1(void* env, void* exports) { return exports; }\n')
  const { code } = await run('gcc', ['-shared', '-fPIC', '-o', path, source], { show: false })
  return code === 0 ? undefined : 'gcc was not found'
}
