import { kindOf, suggest } from '../../shared/wording.js'

/*
 * Converts an error of Ajv about the plugin's options to a message with the path, the problem and the remedy.
 */

/** The used part of an error of Ajv. */
interface AjvError {
  readonly instancePath: string
  readonly params: object
  readonly message?: string
  readonly propertyName?: string
}

/** The known names of the plugin's options, under '', and of the options below them. */
type KnownNames = Readonly<Record<'' | 'io' | 'limits', readonly string[]>>

/** Explains the first error of Ajv: the arguments of FST_NSP_OPTIONS_INVALID. */
export function explainOption(
  [error]: [AjvError],
  options: object,
  known: KnownNames,
): [path: string, problem: string] {
  const path = error.instancePath.slice(1).replaceAll('/', '.')
  const { additionalProperty, allowedValues } = error.params as {
    additionalProperty?: string
    allowedValues?: string[]
  }
  if (error.propertyName !== undefined) {
    const hint = suggest(error.propertyName, known.io).trimEnd()
    return [`io.${error.propertyName}`, `is not an option of a Socket.IO 4.8 server${hint && `: ${hint}`}`]
  }
  if (additionalProperty !== undefined) {
    const names = known[path as keyof KnownNames]
    const problem = `is unknown: ${suggest(additionalProperty, names)}use one of ${names.join(', ')}`
    return [path ? `${path}.${additionalProperty}` : additionalProperty, problem]
  }
  if (allowedValues) return [path, `must be one of ${allowedValues.join(', ')}`]
  const value = path.split('.').reduce<unknown>((at, key) => Object(at)[key], options)
  return [path, `${error.message}: got ${show(value)}`]
}

/** A value as the message shows it. An object is shown by its type, because it may be large or impossible to serialize. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return Object(value) === value ? kindOf(value) : String(value)
}
