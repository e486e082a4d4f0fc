// npm runs this when the repository itself is installed as a dependency, by its git URL: what npm then packs must have been built, and that takes Rust. In a
// clone, where `npm ci` runs it too, the commands build what they need; packages of the registry hold no script at all.
import { readArgs } from './lib/args.mjs'
import { inRoot, say } from './lib/run.mjs'

readArgs()
// npm packs a dependency in a clone of its own, with this variable set; Yarn does it in a folder of its own.
const isDependency = process.env._PACOTE_NO_PREPARE_ !== undefined || /[\\/]xfs-\w+[\\/]/.test(inRoot())
if (isDependency) {
  // An installation that the set-up finds necessary does not come here again.
  delete process.env._PACOTE_NO_PREPARE_
  say(
    'loralib is installed from its repository: it is built here, which takes Rust and some minutes. `npm install loralib` takes neither.',
  )
  const { setup } = await import('./setup.mjs')
  await setup()
}
