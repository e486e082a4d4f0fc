// Compares our interpreter of chat templates with Jinja2 on a folder of real templates (*.jinja), on the conversations of record.py.
//
//   node scripts/jinja/compare.mjs FOLDER [PYTHON]
//
// PYTHON is an interpreter with jinja2==3.1.6 (default python3). Exit code 1 when a text differs, or only one of the two fails.
import { execFileSync } from 'node:child_process'
import { fail, inRoot } from '../lib/run.mjs'

const [folder, python = 'python3'] = process.argv.slice(2)
if (folder === undefined) fail('usage: node scripts/jinja/compare.mjs FOLDER [PYTHON]')
const { Template } = await import(inRoot('.cache', 'ts', 'tokenizer', 'jinja', 'template.js'))
const output = execFileSync(python, [inRoot('scripts', 'jinja', 'record.py'), folder], { maxBuffer: 2 ** 28 })
const { conversations, chats } = JSON.parse(output.toString())

const functions = {
  raise_exception: (message) => {
    throw new Error(message)
  },
  strftime_now: () => '26 Jul 2024',
}
let [same, refused, different] = [0, 0, 0]
for (const [name, [source, results]] of Object.entries(chats)) {
  for (const [i, want] of results.entries()) {
    const got = render(source, conversations[i])
    if (want.text !== undefined && got.text === want.text) same += 1
    else if (want.error !== undefined && got.error !== undefined) refused += 1
    else {
      different += 1
      console.log(`${name}, conversation ${i}:\n  Jinja2 ${JSON.stringify(want)}\n  ours   ${JSON.stringify(got)}`)
    }
  }
}
console.log(
  `${Object.keys(chats).length} templates: ${same} texts equal, ${refused} refused by both, ${different} differ`,
)
process.exitCode = different === 0 ? 0 : 1

function render(source, variables) {
  try {
    return { text: new Template(source).render({ ...functions, ...variables }) }
  } catch (error) {
    return { error: error.message }
  }
}
