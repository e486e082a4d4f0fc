// All cases by name. A case has `run(context)`, and `bases`: the model folders that it maps.
import { fileCases } from './files.mjs'
import { generateCases } from './generate.mjs'
import { latencyCases } from './latency.mjs'
import { layerCases } from './layers.mjs'
import { nlgCases } from './nlg.mjs'
import { peftCases } from './peft.mjs'
import { robertaCases } from './roberta.mjs'
import { rooflineCases } from './roofline.mjs'
import { startCases } from './start.mjs'

export const cases = {
  ...nlgCases,
  ...peftCases,
  ...robertaCases,
  ...layerCases,
  ...generateCases,
  ...latencyCases,
  ...startCases,
  ...fileCases,
  ...rooflineCases,
}
