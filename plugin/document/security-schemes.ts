import type { NamespaceDescription, SchemaDescription } from '../definition/contract/description.js'

/*
 * The security schemes that a definition tells by its schemas. Hooks tell nothing: what they read is in their code.
 */

/** A security scheme of AsyncAPI. */
type SecurityScheme = Readonly<Record<string, string>>

/** The schemes of a namespace, by name. */
export function findSecuritySchemes({ auth, headers }: NamespaceDescription): ReadonlyMap<string, SecurityScheme> {
  const schemes = new Map<string, SecurityScheme>()
  if (demands(auth, 'token')) {
    const description = 'The `token` of `auth` when a client joins: the server reads it as the Authorization header.'
    schemes.set('token', { type: 'http', scheme: 'bearer', description })
  }
  if (demands(headers, 'authorization')) {
    const description = 'A header of the handshake. A browser can not send it with a WebSocket.'
    schemes.set('authorization', { type: 'httpApiKey', in: 'header', name: 'authorization', description })
  }
  return schemes
}

/** Whether a schema has a required string of that name. */
function demands(schema: SchemaDescription | undefined, name: string): boolean {
  const { properties, required } = Object(schema?.jsonSchema) as { properties?: unknown; required?: unknown }
  const property = Object(Object(properties)[name]) as { type?: unknown }
  return Array.isArray(required) && required.includes(name) && property.type === 'string'
}
