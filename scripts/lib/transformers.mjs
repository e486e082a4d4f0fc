// PyTorch, transformers, PEFT and bitsandbytes from PyPI, in a virtual environment that proofs share.
import { TORCH } from './torch.mjs'
import { pythonWith } from './venv.mjs'

const INSTALLS = [
  TORCH,
  // Without their dependencies, as pip would add the rest of CUDA to PyTorch's; what they need to start comes after them.
  [
    ...['--no-deps', 'transformers==5.24.0', 'peft==0.21.2', 'accelerate==1.15.0', 'tokenizers==0.23.3'],
    ...['safetensors==0.8.0', 'huggingface_hub==2.4.0', 'numpy==2.4.6', 'hf-xet==1.8.0', 'packaging==26.4'],
    ...['pyyaml==6.0.4', 'regex==2026.11.19', 'tqdm==4.70.1', 'psutil==7.2.2', 'click==8.5.1', 'typer==0.29.2'],
    ...['annotated-doc==0.0.7', 'rich==15.0.0', 'pygments==2.21.0', 'markdown-it-py==4.3.0', 'mdurl==0.1.2'],
    ...['shellingham==1.5.4', 'httpx2==2.16.2', 'httpcore2==2.16.2', 'anyio==4.16.0', 'idna==3.20', 'h11==0.16.0'],
    ...['truststore==0.10.5', 'pydantic==2.14.4', 'pydantic_core==2.50.5', 'annotated-types==0.8.0'],
    ...['typing-inspection==0.4.5', 'bitsandbytes==0.50.2'],
  ],
]

/** The Python of .cache/venv-families (4 GB on Linux), made once. */
export const pythonWithPeft = () => pythonWith('venv-families', INSTALLS, 'this proof asks transformers and PEFT')
