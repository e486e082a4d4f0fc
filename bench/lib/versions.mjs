/** Package versions of torch's side. */
export const VERSIONS = {
  torch: '2.15.0',
  loralib: '0.1.2',
  transformers: '5.23.0',
  peft: '0.21.2',
  safetensors: '0.8.0',
  numpy: '2.4.6',
}

/** The same as arguments of pip. */
export const installs = Object.entries(VERSIONS).map(([name, version]) => `${name}==${version}`)
