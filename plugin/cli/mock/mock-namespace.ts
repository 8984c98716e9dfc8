import type { AnyNamespaceDefinition } from '../../definition/any-definition.js'
import type {
  EmitDescription,
  EventDescription,
  NamespaceDescription,
  SchemaDescription,
} from '../../definition/contract/description.js'
import { RESERVED_EVENTS } from '../../definition/normalize/reserved-events.js'
import { bundleSchema, fromJson } from '../../samples/bundle-schema.js'
import type { Sample } from '../../samples/sampler.js'

/*
 * Makes a definition of a description: its schemas check what clients send, and its handlers answer with samples.
 */

/** How many items a stream has, if it has no examples. */
const ITEMS = 3

type MockSchemas = NamespaceDescription['schemas']

/** A sample of a schema: undefined without a schema, or if no sample fits. */
export type SampleOf = (schema: SchemaDescription | undefined) => unknown

export function createSampleOf(schemas: MockSchemas, sample: Sample): SampleOf {
  return (schema) => {
    if (schema?.jsonSchema === undefined) return undefined
    const [value] = sample(bundleSchema(schema.jsonSchema, schemas))
    return fromJson(value)
  }
}

/** The hooks of the real server are not run: whoever has an `auth` that fits its schema may join. */
export function createMockNamespace(namespace: NamespaceDescription, sampleOf: SampleOf): AnyNamespaceDefinition {
  const { params, querystring, headers, auth, events, emits, hasEmits, sequential, description } = namespace
  const schema = mapSchemas({ params, querystring, headers, auth })
  return {
    ...(description !== undefined && { description }),
    sequential,
    schema,
    events: mapValues(events, (event) => createEvent(event, sampleOf)),
    ...(hasEmits && { emits: mapValues(ownEmits(emits), ({ payload, reply }) => mapSchemas({ payload, reply })) }),
  } as AnyNamespaceDefinition
}

/** Without those of presence, which the definition has of itself: the mock server counts nobody. */
function ownEmits(emits: NamespaceDescription['emits']): NamespaceDescription['emits'] {
  return Object.fromEntries(Object.entries(emits).filter(([name]) => !RESERVED_EVENTS.includes(name)))
}

function createEvent(event: EventDescription, sampleOf: SampleOf): object {
  const { payload, reply, errors, stream } = event
  const declared = {
    ...mapSchemas({ payload, reply }),
    errors: mapValues(errors, (schema) => schema.jsonSchema ?? true),
  }
  const answer = sampleOf(reply)
  if (!stream) return { ...declared, handler: () => answer }
  const { item, credits, readTimeoutMs, isResumable } = stream
  const sample = sampleOf(item)
  // The places of the items that have been given to the stream, and have no id yet.
  const given: number[] = []
  return {
    ...declared,
    stream: item.jsonSchema ?? true,
    credits,
    readTimeoutMs,
    // The id of an item is its place.
    ...(isResumable && { itemId: () => given.shift() }),
    async *handler(_payload: unknown, { lastId = -1 }: { lastId?: string | number }) {
      for (let place = Number(lastId) + 1; sample !== undefined && place < ITEMS; place++) {
        if (isResumable) given.push(place)
        yield sample
      }
      return answer
    },
  }
}

/** The payload of an emit: its first example, or a sample. */
export function samplePayload({ payload, examples = [] }: EmitDescription, sampleOf: SampleOf): unknown {
  return examples.length > 0 ? examples[0] : sampleOf(payload)
}

/** What has no JSON Schema is not checked. */
function mapSchemas(schemas: Readonly<Record<string, SchemaDescription | undefined>>): object {
  const known = Object.entries(schemas).filter(([, schema]) => schema?.jsonSchema !== undefined)
  return Object.fromEntries(known.map(([key, schema]) => [key, schema?.jsonSchema]))
}

function mapValues<Value>(values: Readonly<Record<string, Value>>, map: (value: Value) => unknown): object {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]))
}
