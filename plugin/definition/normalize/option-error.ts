import { kindOf, suggest } from '../../shared/wording.js'

/*
 * What is wrong with an option, in words: its path, what is wrong there, and what would do.
 */

/** What Ajv says of it, as far as it is read here. */
interface Finding {
  readonly instancePath: string
  readonly params: object
  readonly message?: string
  readonly propertyName?: string
}

/** The names that there are: of the plugin's options, under '', and of those below. */
type Known = Readonly<Record<'' | 'io' | 'limits', readonly string[]>>

export function explainOption([finding]: [Finding], options: object, known: Known): [path: string, problem: string] {
  const path = finding.instancePath.slice(1).replaceAll('/', '.')
  const { additionalProperty, allowedValues } = finding.params as {
    additionalProperty?: string
    allowedValues?: string[]
  }
  if (finding.propertyName !== undefined) {
    const hint = suggest(finding.propertyName, known.io).trimEnd()
    return [`io.${finding.propertyName}`, `is not an option of a Socket.IO 4.8 server${hint && `: ${hint}`}`]
  }
  if (additionalProperty !== undefined) {
    const names = known[path as keyof Known]
    const problem = `is unknown: ${suggest(additionalProperty, names)}use one of ${names.join(', ')}`
    return [path ? `${path}.${additionalProperty}` : additionalProperty, problem]
  }
  if (allowedValues) return [path, `must be one of ${allowedValues.join(', ')}`]
  const value = path.split('.').reduce<unknown>((at, key) => Object(at)[key], options)
  return [path, `${finding.message}: got ${show(value)}`]
}

/** What is an object is shown by its kind: it may be long, or can't be written. */
function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return Object(value) === value ? kindOf(value) : String(value)
}
