// The public functions, constructors and methods, as TypeScript reads them from index.d.ts and types/.
import ts from 'typescript'
import { inRoot } from '../../lib/run.mjs'

/**
 * `{ checker, callables }`. A callable is `{ name, kind, path, owner, calls }`: `kind` is function, constructor, static or method; `path` leads from the package to the
 * function or class (`['nn', 'Linear']`); `owner` is the type of the object that a method needs; `calls` are its signatures.
 */
export function readSurface() {
  const entry = inRoot('index.d.ts')
  const program = ts.createProgram([entry], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
    strict: true,
    noEmit: true,
  })
  const checker = program.getTypeChecker()
  const surface = new Surface(checker)
  surface.module(checker.getSymbolAtLocation(program.getSourceFile(entry)), [])
  surface.methods()
  return { checker, callables: surface.callables, classes: surface.classes }
}

class Surface {
  callables = []
  /** Exported classes: `{ path, symbol, instance, isAbstract, isClosed }`. */
  classes = []
  #checker
  #seen = new Set()

  constructor(checker) {
    this.#checker = checker
  }

  module(module, path) {
    const later = []
    for (const exported of this.#checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(exported) : exported
      // A class that is exported as a type cannot be reached.
      if (this.#seen.has(symbol) || isTypeAlone(exported)) continue
      this.#seen.add(symbol)
      if (symbol.flags & ts.SymbolFlags.ValueModule) later.push([symbol, [...path, exported.name]])
      else if (symbol.flags & ts.SymbolFlags.Value) this.#value(symbol, [...path, exported.name])
    }
    for (const each of later) this.module(...each)
  }

  #value(symbol, path) {
    const type = this.#checker.getTypeOfSymbol(symbol)
    if (symbol.flags & ts.SymbolFlags.Class) return this.#class(symbol, type, path)
    const calls = type.getCallSignatures()
    if (calls.length > 0) return this.#add(path.join('.'), 'function', path, undefined, calls)
    for (const property of type.getProperties()) {
      const methods = this.#checker.getTypeOfSymbol(property).getCallSignatures()
      if (methods.length === 0 || !isOurs(property)) continue
      this.#add(`${path.join('.')}.${property.name}`, 'static', path, undefined, methods, property.name)
    }
  }

  #class(symbol, type, path) {
    const constructors = type.getConstructSignatures()
    const instance = this.#checker.getDeclaredTypeOfSymbol(symbol)
    const declaration = symbol.valueDeclaration
    const isAbstract = ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Abstract
    const isPrivate = declaration.members.some(
      (member) => ts.isConstructorDeclaration(member) && ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private,
    )
    // That of Tensor is for the package: its declaration has no text for users.
    const isHidden = path.join() === 'Tensor'
    const found = { path, symbol, instance, type, constructors, isOpen: !isAbstract && !isPrivate && !isHidden }
    this.classes.push(found)
    // An error is made by whoever throws it.
    if (found.isOpen && !path.at(-1).endsWith('Error'))
      this.#add(path.join('.'), 'constructor', path, undefined, constructors)
    for (const property of type.getProperties()) {
      const calls = this.#checker.getTypeOfSymbol(property).getCallSignatures()
      if (calls.length === 0 || !isOurs(property) || this.#seen.has(property.valueDeclaration)) continue
      this.#seen.add(property.valueDeclaration)
      this.#add(`${path.join('.')}.${property.name}`, 'static', path, undefined, calls, property.name)
    }
  }

  /** Methods, each once: those of a base with the class that can be made. */
  methods() {
    const ordered = [...this.classes].sort((a, b) => Number(b.isOpen) - Number(a.isOpen))
    for (const { path, instance, isOpen } of ordered) {
      if (path.at(-1).endsWith('Error')) continue
      for (const property of instance.getProperties()) {
        const declaration = property.valueDeclaration
        if (!(property.flags & ts.SymbolFlags.Method) || !isOurs(property) || this.#seen.has(declaration)) continue
        if (property.name.startsWith('__@')) continue
        const flags = ts.getCombinedModifierFlags(declaration)
        if (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) continue
        if (flags & ts.ModifierFlags.Abstract && !isOpen) continue
        this.#seen.add(declaration)
        const calls = this.#checker.getTypeOfSymbol(property).getCallSignatures()
        // A method that always throws says so in its type.
        if (calls.every((call) => call.getReturnType().flags & ts.TypeFlags.Never)) continue
        this.#add(`${path.join('.')}.${property.name}`, 'method', path, instance, calls, property.name)
      }
    }
  }

  #add(name, kind, path, owner, calls, member) {
    this.callables.push({ name, kind, path, owner, calls, member })
  }
}

function isTypeAlone(exported) {
  const [at] = exported.declarations ?? []
  return at !== undefined && ts.isExportSpecifier(at) && (at.isTypeOnly || at.parent.parent.isTypeOnly)
}

function isOurs(symbol) {
  const file = symbol.valueDeclaration?.getSourceFile().fileName ?? ''
  return file.startsWith(inRoot('types/')) || file === inRoot('index.d.ts')
}
