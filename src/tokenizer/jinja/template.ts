// Jinja2 templates, as transformers runs them: sandboxed, with trim_blocks, lstrip_blocks, loop controls and generation blocks.
//
// Why this is code of our own: docs/design/chat-templates.md.
import type { Node } from './ast.js'
import { fromHost } from './host.js'
import { Interpreter, Scope } from './interpreter.js'
import type { Marks } from './interpreter.js'
import { startCounting } from './limits.js'
import { parse } from './parser.js'
import { GLOBALS } from './runtime.js'

export type { Marks } from './interpreter.js'
export { TemplateError } from './values.js'

/** A template that was read. */
export class Template {
  private readonly nodes: readonly Node[]

  /** @throws {TemplateError} with the line of what is not right. */
  constructor(source: string) {
    this.nodes = parse(source)
  }

  /** Whether a generation block occurs in the template. */
  get hasGeneration(): boolean {
    return some(this.nodes, ({ kind }) => kind === 'generation')
  }

  /**
   * The text for these variables.
   * @param marks texts to put around the text of each generation block
   * @throws {TemplateError} as Jinja2 would.
   */
  render(variables: Readonly<Record<string, unknown>>, marks?: Marks): string {
    startCounting()
    const outer = new Scope()
    for (const each of GLOBALS) outer.set(each.name, each)
    for (const [name, value] of Object.entries(variables)) if (value !== undefined) outer.set(name, fromHost(value))
    return new Interpreter(marks).text(this.nodes, new Scope(outer))
  }
}

function some(nodes: readonly Node[], test: (node: Node) => boolean): boolean {
  return nodes.some((node) => test(node) || bodies(node).some((body) => some(body, test)))
}

function bodies(node: Node): readonly (readonly Node[])[] {
  if (node.kind === 'if') return [...node.branches.map(([, body]) => body), node.otherwise]
  if (node.kind === 'for') return [node.body, node.otherwise]
  if (node.kind === 'callBlock') return [node.macro.body]
  return 'body' in node ? [node.body] : []
}
