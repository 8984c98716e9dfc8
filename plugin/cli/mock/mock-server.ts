import type { FastifyInstance } from 'fastify'
import type { NamespaceDescription, ServerDescription } from '../../definition/contract/description.js'
import type { Sample } from '../../samples/sampler.js'
import { createMockNamespace, createSampleOf, type SampleOf, samplePayload } from './mock-namespace.js'

/*
 * A server that is made of a description: it checks what clients send, and answers with samples.
 */

export interface MockServer {
  readonly app: FastifyInstance
  /** What has no sample, so that an event can't be answered, or an emit can't be sent. */
  readonly gaps: readonly string[]
  /** Sends every emit of every namespace to all who have joined. */
  emitAll(): void
}

interface MockOptions {
  readonly sample: Sample
  /** Origins whose pages may connect. */
  readonly cors: readonly string[]
}

export async function createMockServer(
  { path, namespaces }: ServerDescription,
  { sample, cors }: MockOptions,
): Promise<MockServer> {
  const { default: Fastify } = await import('fastify')
  const { default: plugin } = await import('fastify-namespaces')
  const app: FastifyInstance = Fastify()
  const origin = cors.includes('*') ? '*' : [...cors]
  await app.register(plugin, { io: { path, ...(cors.length > 0 && { cors: { origin } }) } })
  const gaps: string[] = []
  const emits = namespaces.map((namespace) => {
    const sampleOf = createSampleOf(namespace.schemas, sample)
    gaps.push(...findGaps(namespace, sampleOf))
    // A context of its own: two namespaces may have different schemas with the same $id.
    app.register(async (context) => {
      for (const schema of Object.values(namespace.schemas)) context.addSchema(schema)
      context.namespace(namespace.name, createMockNamespace(namespace, sampleOf))
    })
    return { name: namespace.name, payloads: payloadsOf(namespace, sampleOf) }
  })
  await app.ready()

  function emitAll(): void {
    for (const { name, payloads } of emits) {
      for (const { params } of app.addressesOf(name)) {
        const reach = app.namespaceOf(name, params as never)
        for (const [emit, payload] of payloads) reach.emit(emit, ...(payload === undefined ? [] : [payload]))
      }
    }
  }
  return { app, gaps, emitAll }
}

/** The emits that have a payload, or need none. */
function payloadsOf({ emits }: NamespaceDescription, sampleOf: SampleOf): [string, unknown][] {
  const all = Object.entries(emits).map(([emit, described]): [string, unknown] => [
    emit,
    samplePayload(described, sampleOf),
  ])
  return all.filter(([emit, payload]) => payload !== undefined || emits[emit]?.payload === undefined)
}

function findGaps({ name, events, emits }: NamespaceDescription, sampleOf: SampleOf): string[] {
  const answered = Object.entries(events).flatMap(([event, { reply, stream }]) => [
    ...(reply && sampleOf(reply) === undefined ? [`the reply of ${name} ${event}`] : []),
    ...(stream && sampleOf(stream.item) === undefined ? [`the items of ${name} ${event}`] : []),
  ])
  const sent = Object.entries(emits).filter(([, emit]) => emit.payload && samplePayload(emit, sampleOf) === undefined)
  return [...answered, ...sent.map(([emit]) => `the payload of ${name} ${emit}`)]
}
