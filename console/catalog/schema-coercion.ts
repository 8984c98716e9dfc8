/*
 * What Fastify's Ajv makes of a value of another type: `coerceTypes` is `array` there.
 */

/** The types of JSON Schema that a value has. */
export function hasType(value: unknown, types: readonly unknown[]): boolean {
  if (typeof value === 'number') return types.includes('number') || (types.includes('integer') && value % 1 === 0)
  return types.includes(typeOf(value))
}

/** The type of a value in the words of JSON Schema. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** Whether the server's validator turns a value into one of these types, instead of refusing it. */
export function isCoercible(value: unknown, types: readonly unknown[]): boolean {
  if (Array.isArray(value)) {
    const isOfObjects = types.every((type) => type === 'object')
    return value.length === 1 && !isOfObjects && (hasType(value[0], types) || isCoercible(value[0], types))
  }
  if (typeof value === 'object' && value !== null) return false
  return types.some((type) => {
    if (type === 'array' || type === 'string') return true
    if (type === 'null') return value === '' || value === 0 || value === false
    if (type === 'boolean') return ['true', 'false', 0, 1, null].includes(value as string)
    return (
      (type === 'number' || type === 'integer') && typeof value !== 'number' && value !== '' && isNumeric(value, type)
    )
  })
}

function isNumeric(value: unknown, type: string): boolean {
  const number = Number(value)
  return type === 'number' ? !Number.isNaN(number) : number % 1 === 0
}
