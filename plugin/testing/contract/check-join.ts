import type { NamespaceDescription, SchemaDescription } from '../../definition/contract/description.js'
import { fromJson } from '../../samples/bundle-schema.js'
import { createInvalidVariants } from '../../samples/invalid-variants.js'
import type { MakeClaim } from './contract-results.js'
import { readDescribed } from './described-schema.js'

/*
 * Checks how a namespace is joined: by what the test gives, and by nothing that its schemas refuse.
 */

/** What a namespace is joined with. */
export interface JoinValues {
  readonly params: Readonly<Record<string, unknown>>
  readonly auth: Readonly<Record<string, unknown>>
}

interface JoinCheck {
  readonly namespace: NamespaceDescription
  readonly values: JoinValues
  /** Joins, and leaves again. Rejects if it is refused. */
  readonly tryJoin: (values: JoinValues) => Promise<void>
  readonly claim: MakeClaim
  /** Whether the server has exactly this contract. If not, it may accept more. */
  readonly isOwn: boolean
}

/** Whether the namespace can be joined with the given values. */
export async function checkJoin(check: JoinCheck): Promise<boolean> {
  const { namespace, values, tryJoin, claim, isOwn } = check
  const { name, schemas, auth } = namespace
  claim(`${name} auth fits`, readDescribed(auth, schemas)?.fits(values.auth))
  const problem = await refusalOf(tryJoin(values))
  claim(`${name} is joined`, problem)
  if (problem !== undefined) return false
  if (isOwn) {
    await refuseAll(check, 'auth', auth, values.auth)
    await refuseAll(check, 'params', namespace.params, values.params)
  }
  return true
}

async function refuseAll(
  { namespace, values, tryJoin, claim }: JoinCheck,
  part: keyof JoinValues,
  description: SchemaDescription | undefined,
  value: unknown,
): Promise<void> {
  const schema = readDescribed(description, namespace.schemas)
  if (!schema) return
  for (const variant of createInvalidVariants(schema.bundle, value)) {
    const wrong = Object(fromJson(variant.value))
    // Params are texts of an address, and auth is an object.
    if (!isPossible(part, wrong, values.params)) continue
    const problem = await refusalOf(tryJoin({ ...values, [part]: wrong }))
    claim(`${namespace.name} refuses ${part} ${variant.name}`, problem === undefined ? 'it is joined' : undefined)
  }
}

function isPossible(part: keyof JoinValues, wrong: object, params: JoinValues['params']): boolean {
  if (part === 'auth') return Object.getPrototypeOf(wrong) === Object.prototype
  return Object.keys(params).every((key) => {
    const value: unknown = Object(wrong)[key]
    return (typeof value === 'string' && value !== '') || typeof value === 'number'
  })
}

async function refusalOf(joining: Promise<void>): Promise<string | undefined> {
  try {
    await joining
    return undefined
  } catch (error) {
    const { message, data, code = data?.code } = error as { message: string; code?: string; data?: { code?: string } }
    return code === undefined ? message : `${code}: ${message}`
  }
}
