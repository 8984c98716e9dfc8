import type {
  EmitDescription,
  EventDescription,
  NamespaceDescription,
  Prose,
  SchemaDescription,
  ServerDescription,
} from '../../definition/contract/description.js'
import type { SchemaObject } from '../diff/scoped-schema.js'
import { importPeer } from './import-peer.js'
import { createTypeSchemas, type TypeSchemas } from './type-schema.js'

/*
 * Renders a description as a .d.ts for createClient() of `fastify-namespaces/client`, by json-schema-to-typescript.
 */

const HEAD = `/* Written by \`fastify-namespaces types\`. Do not edit. */
/* eslint-disable */
import type { DescribedNamespace } from 'fastify-namespaces/client'
`

/** The style of prettier: as the examples of the docs. */
const STYLE = { singleQuote: true, semi: false, printWidth: 120 }

/** @throws CliError if json-schema-to-typescript is not installed */
export async function renderTypes({ namespaces }: ServerDescription): Promise<string> {
  const load = () => import('json-schema-to-typescript')
  const { compile } = await importPeer(load, 'json-schema-to-typescript', 'Types are written by')
  const types = createTypeSchemas()
  const described = closed(Object.fromEntries(namespaces.map((one) => [one.name, namespaceSchema(one, types)])))
  const schema = { ...described, definitions: types.definitions }
  const code = await compile(schema as Parameters<typeof compile>[0], 'Described', {
    bannerComment: '',
    additionalProperties: false,
    unknownAny: true,
    ignoreMinAndMaxItems: true,
    style: STYLE,
  })
  return [HEAD, ...renderMaps(namespaces), code].join('\n')
}

function renderMaps(namespaces: readonly NamespaceDescription[]): string[] {
  const lines = (write: (name: string, hash: string) => string) =>
    namespaces.map(({ name, hash }) => `  ${write(quote(name), quote(hash))}\n`).join('')
  return [
    `/** For \`createClient<Definitions>(url)\`. */\nexport interface Definitions {\n${lines(
      (name) => `${name}: DescribedNamespace<Described[${name}]>`,
    )}}\n`,
    `/** The hashes of the contracts. */\nexport interface ContractHashes {\n${lines((name, hash) => `${name}: ${hash}`)}}\n`,
  ]
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

function namespaceSchema(namespace: NamespaceDescription, types: TypeSchemas): SchemaObject {
  const { params, auth, schemas } = namespace
  const rewrite = (given: SchemaDescription) => types.rewrite(given.jsonSchema ?? true, schemas)
  const events = Object.entries(namespace.events).map(([name, event]) => [name, eventSchema(event, rewrite)])
  const emits = Object.entries(namespace.emits).map(([name, emit]) => [name, partsSchema(emit, rewrite)])
  return documented(
    namespace,
    closed({
      ...rewriteParts({ params, auth }, rewrite),
      events: closed(Object.fromEntries(events)),
      emits: closed(Object.fromEntries(emits)),
      ...(namespace.rooms && { rooms: roomsSchema(namespace.rooms, rewrite) }),
    }),
  )
}

type RewriteSchema = (given: SchemaDescription) => SchemaObject

function eventSchema(event: EventDescription, rewrite: RewriteSchema): SchemaObject {
  const { payload, reply, stream, errors } = event
  const parts = rewriteParts({ payload, reply, stream: stream?.item }, rewrite)
  const codes = Object.entries(errors).map(([code, given]) => [code, rewrite(given)])
  return documented(event, closed({ ...parts, ...(codes.length > 0 && { errors: closed(Object.fromEntries(codes)) }) }))
}

function partsSchema(emit: EmitDescription, rewrite: RewriteSchema): SchemaObject {
  return documented(emit, closed(rewriteParts({ payload: emit.payload, reply: emit.reply }, rewrite)))
}

function roomsSchema(rooms: NonNullable<NamespaceDescription['rooms']>, rewrite: RewriteSchema): SchemaObject {
  const entries = Object.entries(rooms).map(([pattern, { description, params }]) => {
    return [pattern, documented({ ...(description && { description }) }, closed(rewriteParts({ params }, rewrite)))]
  })
  return closed(Object.fromEntries(entries))
}

function rewriteParts(parts: Readonly<Record<string, SchemaDescription | undefined>>, rewrite: RewriteSchema) {
  const given = Object.entries(parts).flatMap(([part, schema]) => (schema ? [[part, rewrite(schema)]] : []))
  return Object.fromEntries(given) as Record<string, SchemaObject>
}

/** An object with these properties, and no others. */
function closed(properties: Readonly<Record<string, SchemaObject>>): SchemaObject {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false }
}

function documented({ summary, description, deprecated }: Prose, schema: SchemaObject): SchemaObject {
  const text = [summary, description].filter((part) => part !== undefined).join('\n\n')
  return { ...schema, ...(text !== '' && { description: text }), ...(deprecated && { deprecated }) }
}
