// The probe of the CUDA addon against stand-in libraries made by gcc: a driver that works, has no device, crashes, hangs or is none, and libraries that are missing or
// broken. Whether a real GPU computes is a matter of `npm run test:cuda`.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

interface Finding {
  path: string | null
  reason: string | null
}
interface Report {
  usable: boolean
  driver: Finding & { version: number | null; devices: number | null }
  libraries: (Finding & { name: string })[]
  addon: Finding
  searched: { folder: string; source: string }[]
  reasons: string[]
}

// An inner module, which is no export of the package.
const inner = new URL('../../.cache/ts/native/cuda.js', import.meta.url).href
const { probeCuda } = (await import(inner)) as { probeCuda: (probe: object) => Report }
const native = fileURLToPath(new URL('../../native', import.meta.url))
const helper =
  process.env['LORALIB_NATIVE_PATH'] ??
  join(
    native,
    readdirSync(native).find((name) => name.endsWith('.node'))!,
  )
const linux = process.platform === 'linux' ? test : test.skip

const NEEDED = ['libcudart.so.13', 'libnvrtc-builtins.so.13.0', 'libnvrtc.so.13', 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10'] // prettier-ignore
const ADDON = `
extern int cublas_there(void);
void *napi_register_module_v1(void *env, void *exports) { return cublas_there() ? exports : 0; }
`
const DRIVER = `
int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) { *version = 13000; return 0; }
int cuDeviceGetCount(int *count) { *count = 2; return 0; }
`

/** A machine in a folder: a driver, the libraries as Python's wheels in a virtual environment, and an addon that is linked with one of them. */
function machine(driver: string | null = DRIVER) {
  const home = mkdtempSync(join(tmpdir(), 'loralib-cuda-'))
  const wheels = join(home, 'venv/lib/python3.12/site-packages/nvidia/cu13/lib')
  const system = join(home, 'system')
  for (const folder of [wheels, system]) mkdirSync(folder, { recursive: true })
  const compile = (file: string, source: string, ...more: string[]) => {
    const code = join(home, 'source.c')
    writeFileSync(code, source)
    execFileSync('gcc', ['-shared', '-fPIC', '-w', '-o', file, code, ...more])
    return file
  }
  if (driver !== null) compile(join(system, 'libcuda.so.1'), driver)
  for (const name of NEEDED) {
    const symbol = name.startsWith('libcublas.') ? 'int cublas_there(void) { return 1; }' : 'int nothing;'
    compile(join(wheels, name), symbol, `-Wl,-soname,${name}`)
  }
  // It finds the library by its name only, as the real one does.
  const addon = compile(join(home, 'cuda.node'), ADDON, join(wheels, 'libcublas.so.13'))
  const probe = (more: object = {}): Report =>
    probeCuda({
      addon,
      helper,
      variables: { VIRTUAL_ENV: join(home, 'venv') },
      system: { libraries: [system], toolkits: join(home, 'none'), home: undefined },
      timeoutMs: 20_000,
      ...more,
    })
  return { home, wheels, system, addon, probe, remove: () => rmSync(home, { recursive: true }) }
}

linux('probeCuda: a driver with devices, wheels in a virtual environment and an addon that loads are usable', (t) => {
  const here = machine()
  const report = here.probe()
  t.deepEqual(report.reasons, [])
  t.true(report.usable)
  t.like(report.driver, { version: 13000, devices: 2, path: join(here.system, 'libcuda.so.1') })
  t.deepEqual(report.libraries.map(({ name }) => name), NEEDED) // prettier-ignore
  t.is(report.addon.path, here.addon)
  here.remove()
})

linux('probeCuda: a folder in LORALIB_CUDA_PATH comes first', (t) => {
  const here = machine()
  const report = here.probe({ variables: { LORALIB_CUDA_PATH: here.wheels, VIRTUAL_ENV: join(here.home, 'venv') } })
  t.true(report.usable)
  t.like(report.searched[0], { folder: here.wheels, source: 'LORALIB_CUDA_PATH' })
  here.remove()
})

const drivers: [string, string | null, RegExp][] = [
  ['no driver', null, /no libcuda\.so\.1 in .*fix: install NVIDIA's driver/],
  ['no device', 'int cuInit(unsigned f) { return 100; } int cuDriverGetVersion; int cuDeviceGetCount;', /no device \(CUDA_ERROR_NO_DEVICE\)/], // prettier-ignore
  ['another error', 'int cuInit(unsigned f) { return 999; } int cuDriverGetVersion; int cuDeviceGetCount;', /cuInit failed with CUDA error 999/], // prettier-ignore
  ['no functions', 'int other;', /it has no cuInit/],
  ['zero devices', DRIVER.replace('*count = 2', '*count = 0'), /has no device; fix/],
  ['a crash', `${DRIVER.replace('int cuInit(unsigned flags) { return 0; }', 'int cuInit(unsigned f) { __builtin_trap(); }')}`, /first use of the driver ended with SIGILL/], // prettier-ignore
  ['no end', DRIVER.replace('{ return 0; }', '{ for (;;) __asm__ volatile(""); }'), /did not end within 2000 ms/],
]
for (const [name, source, reason] of drivers) {
  linux(`probeCuda: ${name} is the first reason, and this process lives`, (t) => {
    const here = machine(source)
    const report = here.probe({ timeoutMs: name === 'no end' ? 2000 : 20_000 })
    t.false(report.usable)
    t.regex(report.reasons[0]!, reason)
    t.is(report.driver.reason, report.reasons[0]!)
    here.remove()
  })
}

linux('probeCuda: missing and broken libraries are named, and the addon is not tried', (t) => {
  const here = machine()
  rmSync(join(here.wheels, 'libcurand.so.10'))
  const missing = here.probe()
  t.is(missing.reasons.length, 2)
  t.regex(missing.reasons[0]!, /^libcurand\S* was not found in \d+ folders; fix: .*LORALIB_CUDA_PATH/)
  t.regex(missing.addon.reason!, /not tried/)
  here.remove()
  const other = machine()
  truncateSync(join(other.wheels, 'libnvrtc.so.13'), 100)
  const broken = other.probe()
  t.false(broken.usable)
  t.regex(broken.reasons[0]!, /libnvrtc\.so\.13 cannot be loaded: .*(file too short|invalid ELF|cannot read file data)/)
  other.remove()
})

linux('probeCuda: an addon that is missing, broken or crashes is a reason', (t) => {
  const here = machine()
  t.regex(here.probe({ addon: null }).addon.reason!, /npm install @loralib\/cuda-linux-x64/)
  t.regex(here.probe({ addon: join(here.home, 'gone.node') }).addon.reason!, /no such file/)
  const broken = join(here.home, 'broken.node')
  writeFileSync(broken, 'no library')
  t.regex(
    here.probe({ addon: broken }).addon.reason!,
    /the test load failed: .*(file too short|invalid ELF|cannot read file data)/,
  )
  const crash = join(here.home, 'crash.node')
  writeFileSync(join(here.home, 'crash.c'), 'void *napi_register_module_v1(void *e, void *x) { __builtin_trap(); }')
  execFileSync('gcc', ['-shared', '-fPIC', '-w', '-o', crash, join(here.home, 'crash.c')])
  t.regex(here.probe({ addon: crash }).addon.reason!, /the test load failed: ended with SIGILL/)
  here.remove()
})
