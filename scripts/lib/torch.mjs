// PyTorch from PyPI, for the virtual environments of proofs: argument lists of pip, see venv.mjs.

// PyPI's build for Linux needs CUDA's libraries to start, even if they are not used.
export const TORCH =
  process.platform === 'linux' && process.arch === 'x64'
    ? ['--no-deps', 'torch==2.15.0', ...needed()]
    : ['torch==2.15.0']

/** What `import torch` needs: pure Python packages, and the libraries that PyPI's build links to (not the solvers and compilers, which it loads on demand). */
function needed() {
  return [
    ...[
      'filelock==4.3.1',
      'fsspec==2026.9.0',
      'jinja2==3.1.6',
      'markupsafe==3.0.4',
      'mpmath==1.4.1',
      'networkx==3.6.1',
    ],
    ...['setuptools==80.9.0', 'sympy==1.14.0', 'typing_extensions==4.16.0'],
    ...[
      'nvidia-cublas==13.4.1.3',
      'nvidia-cuda-cupti==13.2.86',
      'nvidia-cuda-nvrtc==13.2.86',
      'nvidia-cuda-runtime==13.2.86',
    ],
    ...[
      'nvidia-cudnn-cu13==9.26.0.51',
      'nvidia-cufft==12.2.0.57',
      'nvidia-cufile==1.17.1.22',
      'nvidia-cusparse==12.7.10.12',
    ],
    ...[
      'nvidia-cusparselt-cu13==0.8.1',
      'nvidia-nccl-cu13==2.30.7',
      'nvidia-nvjitlink==13.5.37',
      'nvidia-nvshmem-cu13==3.7.2',
    ],
  ]
}
