// What a CommonJS module of a user sees: compiled by scripts/types-versions.mjs, never run.
import lora = require('loralib')
import nn = require('loralib/nn')

const layer: nn.Linear = new lora.nn.Linear(2, 2)
const adapted: lora.Linear = lora.Linear.fromLayer(layer, { r: 1 })

export = { layer, adapted }
