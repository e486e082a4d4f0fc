// npm run proof:mixed [-- --short] [--only adapters|views] [--rows 8,64]: a batch in which each row has its own adapter, through one operation a layer.
//
// The shape of SmolLM2-135M with random weights, adapters of rank 8 on all dense layers, 128 tokens a row; 8 and 64 adapters, one row of a batch for each:
// - the logits are those of each adapter alone within 1e-5 and, in generation of up to 16 rows, to the bit;
// - a training step takes at most 1.10 times one in which all rows have the same adapter: interleaved, medians of repeats;
// - adapters that no row names get no gradient, and the optimizer's steps leave them as they were, to the bit;
// - two views, switched a thousand times by requests in flight at the same time, never see each other's adapter.
// `--short` (CI) takes a smaller shape and judges no times. Exit code 1 when something does not hold.
import { flag, readArgs, text } from '../lib/args.mjs'
import { fail } from '../lib/run.mjs'
import { needBuild } from '../lib/stamp.mjs'
import { checks } from './lib/report.mjs'
import { proveAdapters } from './mixed/adapters.mjs'
import { proveViews } from './mixed/views.mjs'

const { short, only, rows } = readArgs({ options: { short: flag, only: text, rows: text } }).values
needBuild()
if (only !== undefined && only !== 'adapters' && only !== 'views') fail(`--only ${only}: write adapters or views`)

const check = checks({ judgeTimes: !short })
if (only !== 'views')
  for (const count of rows?.split(',').map(Number) ?? (short ? [4, 20] : [8, 64]))
    await proveAdapters(check, { count, short })
if (only !== 'adapters') await proveViews(check, { short })
check.end()
