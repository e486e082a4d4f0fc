// The manifests of what is published: the package itself and one package per platform.
import { packageJson } from '../lib/run.mjs'

/** The scope of the packages with addons. */
export const SCOPE = '@loralib'

/** Targets of Rust by the platform they give, as in `{ 'linux-x64-gnu': 'x86_64-unknown-linux-gnu' }`: those of `napi.targets`. */
export function platforms() {
  return Object.fromEntries(packageJson().napi.targets.map((target) => [platformOf(target), target]))
}

const ARCHS = { x86_64: 'x64', aarch64: 'arm64' }
const SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' }

/** `x86_64-unknown-linux-gnu` → `linux-x64-gnu`. */
export function platformOf(target) {
  const [arch, , system, abi] = target.split('-')
  return [SYSTEMS[system], ARCHS[arch], abi].filter(Boolean).join('-')
}

/** The fields that say whose a package is; the same in all. */
function common({ version, license, repository, homepage, bugs, keywords, engines }) {
  return { version, license, repository, homepage, bugs, keywords, engines }
}

/** The package itself, as it is published: no scripts, no tools, and the packages of the platforms as optional dependencies. */
export function mainManifest() {
  const own = packageJson()
  const { name, description, type, types, main, exports, typesVersions, dependencies } = own
  const files = own.files.filter((pattern) => !pattern.startsWith('native/'))
  const optionalDependencies = Object.fromEntries(
    Object.keys(platforms()).map((each) => [`${SCOPE}/${each}`, own.version]),
  )
  return {
    ...{ name, description, ...common(own), type, types, main, exports, typesVersions, files },
    // Yarn's Plug'n'Play keeps packages in archives, where `require` finds no ES modules.
    ...{
      preferUnplugged: true,
      dependencies,
      optionalDependencies,
      publishConfig: { access: 'public', provenance: true },
    },
  }
}

/** The package of a platform: npm installs it where system, processor and C library fit. */
export function platformManifest(platform) {
  const own = packageJson()
  const [os, cpu, abi] = platform.replace(/^cuda-/, '').split('-')
  const libc = { gnu: 'glibc', musl: 'musl' }[abi]
  const file = addonName(platform)
  return {
    ...{ name: `${SCOPE}/${platform}`, description: `The addon of ${own.name} for ${platform}`, ...common(own) },
    ...{ type: 'commonjs', main: file, files: [file], os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) },
    // Yarn's Plug'n'Play: a library is loaded from a real file.
    ...{ preferUnplugged: true, publishConfig: { access: 'public', provenance: true } },
  }
}

/** The package with CUDA, which nobody gets who does not ask for it: it needs NVIDIA's driver and libraries. */
export const CUDA = 'cuda-linux-x64'

export const addonName = (platform) => `loralib.${platform}.node`
