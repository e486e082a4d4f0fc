// npm run check:cuda, npm run build -- --features cuda: builds the addon with CUDA and reports how far it gets. A CUDA toolkit of the system is used where `nvcc` runs;
// else NVIDIA's compiler and libraries come from PyPI (about 1.2 GB, in .cache/), on Linux with Python 3 and gcc.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, join } from 'node:path'
import { readArgs } from './lib/args.mjs'
import { ask, duration, inRoot, isMain, run, say } from './lib/run.mjs'
import { filesBelow } from './lib/stamp.mjs'

const wheels = [
  'nvidia-cuda-nvcc==13.0.88',
  'nvidia-cuda-crt==13.0.88',
  'nvidia-nvvm==13.0.88',
  'nvidia-cuda-cccl==13.0.85',
  'nvidia-cuda-runtime==13.0.96',
  'nvidia-cublas==13.0.2.14',
  'nvidia-curand==10.4.0.35',
  'nvidia-cuda-nvrtc==13.0.88',
]
const venv = inRoot('.cache/cuda-venv')
const shadow = inRoot('.cache/cuda-toolkit')
const addon = inRoot('.cache/cuda', `loralib.${process.platform}-${process.arch}.node`)

/** A step that failed; the message gives the fix or the output. */
class StepFailed extends Error {}

async function step(name, work) {
  const start = performance.now()
  say(`${name} ...`)
  const note = await work()
  say(`${name}: ok in ${duration(performance.now() - start)}${note ? ` (${note})` : ''}`)
}

async function needs(program, args, options) {
  const { code, errors } = await run(program, args, options)
  if (code !== 0)
    throw new StepFailed(
      `\`${program} ${args[0]}\` ended with status ${code}\n${options?.show === false ? errors : ''}`,
    )
}

async function installWheels() {
  if (!ask('python3')) throw new StepFailed('python3 was not found; install it with its venv module')
  if (!existsSync(join(venv, 'bin/pip'))) await needs('python3', ['-m', 'venv', venv])
  await needs(join(venv, 'bin/pip'), ['install', '--quiet', '--disable-pip-version-check', ...wheels])
}

/** The folder nvidia/cu13 of the wheels. */
function wheelFolder() {
  const lib = join(venv, 'lib')
  const home = readdirSync(lib)
    .map((python) => join(lib, python, 'site-packages/nvidia/cu13'))
    .find(existsSync)
  if (!home) throw new StepFailed(`no nvidia/cu13 below ${lib}`)
  return home
}

function link(target, path) {
  rmSync(path, { force: true })
  symlinkSync(target, path)
}

/** The layout of an installed toolkit: the wheels lack lib64/ and the library names without a version. */
function shadowToolkit() {
  const home = wheelFolder()
  rmSync(shadow, { recursive: true, force: true })
  mkdirSync(join(shadow, 'lib64/stubs'), { recursive: true })
  for (const folder of ['bin', 'include', 'nvvm']) link(join(home, folder), join(shadow, folder))
  link('lib64', join(shadow, 'lib'))
  for (const name of readdirSync(join(home, 'lib'))) {
    const from = join(home, 'lib', name)
    if (/\.so\.|\.a$/.test(name)) link(from, join(shadow, 'lib64', name))
    if (/\.so\./.test(name)) link(from, join(shadow, 'lib64', name.replace(/\.so\..*/, '.so')))
  }
}

/** A libcuda.so to link against where no driver is installed: every function that cudarc declares returns "no device" (100). */
async function driverStub() {
  const { out } = await run('cargo', ['metadata', '--format-version', '1', '--features', 'loralib-node/cuda'], {
    show: false,
  })
  const cudarc = JSON.parse(out).packages.find(({ name }) => name === 'cudarc')
  const sources = join(cudarc.manifest_path, '../src/driver/sys')
  const text = readdirSync(sources, { recursive: true })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => readFileSync(join(sources, name), 'utf8'))
    .join('\n')
  const names = [...new Set([...text.matchAll(/fn (cu[A-Z]\w*)/g)].map((match) => match[1]))].sort()
  const stubs = join(shadow, 'lib64/stubs')
  writeFileSync(join(stubs, 'stub.c'), names.map((name) => `int ${name}(void) { return 100; }\n`).join(''))
  const library = join(stubs, 'libcuda.so')
  await needs('gcc', [
    '-shared',
    '-fPIC',
    '-w',
    '-fno-builtin',
    '-Wl,-soname,libcuda.so.1',
    '-o',
    library,
    join(stubs, 'stub.c'),
  ])
  link('libcuda.so', join(stubs, 'libcuda.so.1'))
  return `${names.length} functions`
}

/** The environment with which cargo and the loader use a toolkit; empty for the one of the system. */
function toolkitEnv(system) {
  if (system) return {}
  return {
    CUDA_HOME: shadow,
    CUDA_PATH: shadow,
    CUDA_ROOT: shadow,
    CUDA_TOOLKIT_ROOT_DIR: shadow,
    NVCC: join(shadow, 'bin/nvcc'),
    PATH: `${join(shadow, 'bin')}${delimiter}${process.env.PATH}`,
    LIBRARY_PATH: [join(shadow, 'lib64'), join(shadow, 'lib64/stubs'), process.env.LIBRARY_PATH]
      .filter(Boolean)
      .join(delimiter),
  }
}

/** What a process needs to load the CUDA addon: the libraries of the wheels, and the stub where there is no driver. */
export function loadEnv({ driver }) {
  if (!existsSync(shadow)) return {}
  const folders = [join(shadow, 'lib64'), !driver && join(shadow, 'lib64/stubs'), process.env.LD_LIBRARY_PATH]
  return { LD_LIBRARY_PATH: folders.filter(Boolean).join(delimiter) }
}

async function compile(env) {
  // 80 is the oldest with bf16 products; newer GPUs compile its PTX for themselves.
  const capability = process.env.CUDA_COMPUTE_CAP ?? '80'
  const jobs = process.env.CARGO_BUILD_JOBS ? [] : ['--jobs', '2']
  // A target folder of its own, so that the CPU build's results and lock are not affected.
  const target = inRoot('target/cuda')
  await needs('cargo', ['build', '--release', '-p', 'loralib-node', '--features', 'cuda', ...jobs], {
    env: { ...env, CUDA_COMPUTE_CAP: capability, CARGO_TARGET_DIR: target },
  })
  const ptx = filesBelow(['target/cuda/release/build'], (file) => file.endsWith('.ptx')).length
  mkdirSync(inRoot('.cache/cuda'), { recursive: true })
  copyFileSync(
    join(
      target,
      'release',
      process.platform === 'win32'
        ? 'loralib_node.dll'
        : `libloralib_node.${process.platform === 'darwin' ? 'dylib' : 'so'}`,
    ),
    addon,
  )
  return `${ptx} PTX files`
}

async function load(driver) {
  const program = `const a = require(${JSON.stringify(addon)}); console.log('   exports: ' + Object.keys(a).length)`
  await needs(process.execPath, ['-e', program], { env: loadEnv({ driver }) })
}

/** Builds the addon with CUDA and returns its path; throws StepFailed with the reason. */
export async function buildCuda({ driver }) {
  const system = ask('nvcc') !== null
  if (system) say(`using the CUDA toolkit of this system: ${ask('nvcc')}`)
  else {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new StepFailed('no nvcc found, and the toolkit from PyPI is set up for Linux on x64 only')
    await step('1 of 5: NVIDIA compiler and libraries from PyPI (1.2 GB)', installWheels)
    await step('2 of 5: toolkit layout', shadowToolkit)
    await step('3 of 5: stub of the driver library', driverStub)
  }
  await step('4 of 5: addon with CUDA kernels', () => compile(toolkitEnv(system)))
  await step('5 of 5: loading it in Node', () => load(driver))
  return addon
}

/** Builds the addon with CUDA and prints how it is used, or why it could not be built. */
export async function buildAndExplain() {
  const driver = ask('nvidia-smi', ['-L']) !== null
  try {
    await buildCuda({ driver })
  } catch (error) {
    if (!(error instanceof StepFailed)) throw error
    console.error(`\nstopped here: ${error.message}`)
    process.exitCode = 1
    return
  }
  say(`the CUDA addon builds and loads: ${addon}`)
  const env = { ...loadEnv({ driver }), LORALIB_NATIVE_PATH: addon, LORALIB_DEVICE: 'cuda' }
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  if (driver) say(`to use it: ${settings.join(' ')} node program.mjs`)
  else say('there is no driver here (`nvidia-smi -L` lists no GPU), so it can be loaded, and computes nothing')
}

if (isMain(import.meta.url)) {
  readArgs()
  await buildAndExplain()
}
