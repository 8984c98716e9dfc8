/** A difference between two values. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed'
  /** A JSON pointer. */
  readonly path: string
  readonly before?: unknown
  readonly after?: unknown
}

/**
 * The differences between two values of JSON, in the order of the values. Lists are compared by index.
 *
 * @param limit - how many are looked for. Default: 200.
 */
export function diffOf(before: unknown, after: unknown, limit = 200): readonly Change[] {
  const changes: Change[] = []
  // Not recursive: a server may have nested its values deeper than the stack.
  const pairs: (readonly [path: string, before: unknown, after: unknown])[] = [['', before, after]]
  for (let pair = pairs.pop(); pair && changes.length < limit; pair = pairs.pop()) {
    const [path, old, now] = pair
    if (old === now) continue
    if (old === ABSENT) changes.push({ kind: 'added', path, after: now })
    else if (now === ABSENT) changes.push({ kind: 'removed', path, before: old })
    else if (isContainer(old) && isContainer(now) && Array.isArray(old) === Array.isArray(now))
      for (const inner of pairsOf(path, old, now).reverse()) pairs.push(inner)
    else changes.push({ kind: 'changed', path, before: old, after: now })
  }
  return changes
}

const ABSENT = Symbol('absent')

type Container = Readonly<Record<string, unknown>>

function pairsOf(path: string, old: Container, now: Container) {
  const keys = new Set([...Object.keys(old), ...Object.keys(now)])
  // Own ones only: a key may be __proto__.
  const read = (value: Container, key: string) => (Object.hasOwn(value, key) ? value[key] : ABSENT)
  return [...keys].map((key) => {
    const token = key.replaceAll('~', '~0').replaceAll('/', '~1')
    return [`${path}/${token}`, read(old, key), read(now, key)] as const
  })
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null
}
