// mlx-lm from PyPI, which computes on the CPU on Linux too, in a virtual environment of its own.
import { pythonWith } from './venv.mjs'

const MLX = process.platform === 'linux' ? ['mlx==0.32.4', 'mlx-cpu==0.32.4'] : ['mlx==0.32.4', 'mlx-metal==0.32.4']
const INSTALLS = [
  [
    ...['--no-deps', ...MLX, 'mlx-lm==0.32.2', 'transformers==5.23.0', 'tokenizers==0.23.3', 'safetensors==0.8.0'],
    ...[
      'huggingface_hub==2.4.0',
      'hf-xet==1.8.0',
      'numpy==2.4.6',
      'packaging==26.4',
      'pyyaml==6.0.4',
      'regex==2026.11.19',
    ],
    ...[
      'tqdm==4.70.1',
      'jinja2==3.1.6',
      'markupsafe==3.0.4',
      'protobuf==7.36.2',
      'sentencepiece==0.2.3',
      'filelock==4.3.1',
    ],
    ...[
      'fsspec==2026.9.0',
      'typing_extensions==4.16.0',
      'click==8.5.1',
      'typer==0.29.2',
      'rich==15.0.0',
      'pygments==2.21.0',
    ],
    ...['annotated-doc==0.0.7', 'markdown-it-py==4.3.0', 'mdurl==0.1.2', 'shellingham==1.5.4', 'httpx2==2.16.2'],
    ...['httpcore2==2.16.2', 'anyio==4.16.0', 'idna==3.20', 'h11==0.16.0', 'truststore==0.10.5', 'pydantic==2.14.4'],
    ...['pydantic_core==2.50.5', 'annotated-types==0.8.0', 'typing-inspection==0.4.5'],
  ],
]

/** The Python of .cache/venv-mlx (300 MB), made once. */
export const pythonWithMlx = () => pythonWith('venv-mlx', INSTALLS, 'this proof asks mlx-lm')
