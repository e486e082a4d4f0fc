// What the library has: its classes of models and the model types of its auto classes, asked of the package itself, so that a new one is never forgotten.
import * as lora from 'loralib'

/** The names of all classes that read a folder, without those that others extend. */
export function modelClasses() {
  const classes = Object.entries(lora.models).filter(([, value]) => readsFolders(value) && typeof value === 'function')
  const isBase = (one) => classes.some(([, other]) => other.prototype instanceof one)
  return classes.filter(([, one]) => !isBase(one)).map(([name]) => name)
}

/** Model types by the name of each auto class. The error for an unknown type lists them. */
export function autoClasses() {
  const autos = Object.entries(lora.models).filter(([, value]) => readsFolders(value) && typeof value !== 'function')
  return Object.fromEntries(autos.map(([name, auto]) => [name, typesOf(name, auto)]))
}

const readsFolders = (value) => typeof value?.fromPretrained === 'function'

function typesOf(name, auto) {
  try {
    auto.fromConfig({ model_type: 'no such type' })
  } catch (error) {
    const listed = /^model_type (.+)$/.exec(error.expected ?? '')?.[1]
    if (listed !== undefined) return listed.split(' or ')
    throw error
  }
  throw new Error(`${name}.fromConfig takes an unknown model_type`)
}
