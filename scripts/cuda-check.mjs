// Type-checks the CUDA build where there is no CUDA toolkit: `cargo check --features cuda` with a stand-in for nvcc that writes
// empty PTX, objects and archives. It proves the Rust side only: no kernel is compiled, and nothing may be linked from it.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { readArgs } from './lib/args.mjs'
import { CHECK_ONLY, cargo } from './lib/cargo.mjs'
import { inRoot, isMain } from './lib/run.mjs'

const nvcc = `#!/bin/bash
case " $* " in *" --version "*|*" -V "*) echo "Cuda compilation tools, release 13.0, V13.0.88"; exit 0;; esac
out=""; dir=""; src=""; ptx=0; lib=0; prev=""
for a in "$@"; do
  case $prev in -o) out=$a;; --output-directory) dir=$a;; esac
  case $a in --ptx) ptx=1;; --lib) lib=1;; *.cu) src=$a;; esac
  prev=$a
done
if [ $ptx = 1 ]; then printf '.version 9.0\\n.target sm_80\\n.address_size 64\\n' > "$dir/$(basename "\${src%.cu}").ptx"
elif [ $lib = 1 ]; then rm -f "$out"; ar crs "$out"
else [ -n "$out" ] && echo | cc -x c -c - -o "$out"; fi
`

/** Writes the stand-in toolkit to .cache/ and returns the environment that makes cargo use it. */
function standInToolkit() {
  const home = inRoot('.cache/cuda-stub')
  mkdirSync(`${home}/bin`, { recursive: true })
  mkdirSync(`${home}/include`, { recursive: true })
  writeFileSync(`${home}/bin/nvcc`, nvcc)
  chmodSync(`${home}/bin/nvcc`, 0o755)
  return {
    CUDA_HOME: home,
    CUDA_PATH: home,
    NVCC: `${home}/bin/nvcc`,
    PATH: `${home}/bin${delimiter}${process.env.PATH}`,
    CUDA_COMPUTE_CAP: '80',
    CUDARC_CUDA_VERSION: '13000',
    ...CHECK_ONLY,
  }
}

export async function cudaCheck() {
  if (process.platform !== 'linux') return { skipped: 'the stand-in nvcc is a bash script for Linux' }
  const { code } = await cargo(['check', '--release', '--workspace', '--features', 'loralib-node/cuda'], {
    env: standInToolkit(),
  })
  return { ok: code === 0, note: 'Rust types only, stand-in nvcc' }
}

if (isMain(import.meta.url)) {
  readArgs()
  const result = await cudaCheck()
  console.log(
    result.skipped ?? (result.ok ? 'cargo check --features cuda: no errors' : 'cargo check --features cuda: failed'),
  )
  process.exitCode = result.skipped || result.ok ? 0 : 1
}
