import { describeSchema, eachRef } from '../../schema/json-schema.js'
import { hashContract } from './contract-hash.js'
import type {
  ContractDescription,
  EmitDescription,
  JsonSchema,
  Prose,
  SchemaDescription,
  StreamDescription,
} from './description.js'

/*
 * Describes a contract. It imports neither Fastify nor Socket.IO: front ends describe their contracts with it, to hash them.
 */

/** The schemas and the prose of an event. */
interface EventParts {
  readonly payload?: unknown
  readonly reply?: unknown
  readonly stream?: StreamParts | undefined
  readonly errors: Iterable<readonly [code: string, schema: unknown]>
  readonly prose: Prose
  readonly examples?: readonly unknown[] | undefined
}

interface StreamParts extends Omit<StreamDescription, 'item' | 'isResumable'> {
  readonly item: unknown
  readonly itemId: unknown
}

interface EmitParts {
  readonly payload?: unknown
  readonly reply?: unknown
  readonly prose: Prose
  readonly examples?: readonly unknown[] | undefined
}

/** What a contract is made of. */
export interface ContractParts {
  readonly prose: Prose
  readonly schema: Readonly<Record<string, unknown>>
  readonly events: Iterable<readonly [name: string, event: EventParts]>
  readonly emits: Iterable<readonly [name: string, emit: EmitParts]>
  /** By anything; each has its pattern. */
  readonly rooms: ReadonlyMap<unknown, RoomParts>
}

interface RoomParts {
  readonly pattern: string
  readonly params?: unknown
  readonly description?: string | undefined
}

type DescribedEvent = ContractDescription['events'][string]

/**
 * @param added - the schemas of addSchema(), by `$id`; those that are referred to are part of the contract
 * @returns the description; events and emits are sorted by name
 */
export function describeContract(
  { prose, schema, events, emits, rooms }: ContractParts,
  added: Readonly<Record<string, unknown>>,
): ContractDescription {
  const parts = Object.entries(schema).map(([part, value]) => [part, describeSchema(value, 'input')])
  const described = {
    ...prose,
    ...(Object.fromEntries(parts) as Pick<ContractDescription, 'params' | 'querystring' | 'headers' | 'auth'>),
    events: sorted(events, describeEvent),
    emits: sorted(emits, describeEmit),
    ...(rooms.size > 0 && { rooms: describeRooms(rooms) }),
  }
  const contract = { ...described, schemas: collectShared(described, added) }
  return { ...contract, hash: hashContract(contract) }
}

function describeEvent({ payload, reply, stream, errors, prose, examples }: EventParts): DescribedEvent {
  return {
    ...prose,
    ...given('payload', payload, 'input'),
    ...given('reply', reply, 'output'),
    ...(stream && { stream: describeStream(stream) }),
    errors: sorted(errors, (schema) => describeSchema(schema, 'output')),
    ...(examples && { examples: toJson(examples) }),
  }
}

function describeStream({ item, itemId, credits, readTimeoutMs }: StreamParts): StreamDescription {
  return { item: describeSchema(item, 'output'), credits, isResumable: itemId !== undefined, readTimeoutMs }
}

function describeEmit({ payload, reply, prose, examples }: EmitParts): EmitDescription {
  return {
    ...prose,
    ...given('payload', payload, 'output'),
    ...given('reply', reply, 'input'),
    ...(examples && { examples: toJson(examples) }),
  }
}

function describeRooms(rooms: ContractParts['rooms']): NonNullable<ContractDescription['rooms']> {
  const entries = [...rooms.values()].map((room): [string, RoomParts] => [room.pattern, room])
  return sorted(entries, ({ params, description }) => ({
    ...(description !== undefined && { description }),
    ...given('params', params, 'input'),
  }))
}

function given<Key extends string>(key: Key, schema: unknown, side: 'input' | 'output') {
  return (schema === undefined ? {} : { [key]: describeSchema(schema, side) }) as {
    readonly [Given in Key]?: SchemaDescription
  }
}

/** The schemas of `added` that anything refers to, by themselves or through one another. */
function collectShared(described: object, added: Readonly<Record<string, unknown>>): Record<string, JsonSchema> {
  const known = new Map(Object.entries(added).map(([id, schema]) => [nameOf(id), { id, schema }]))
  const found = new Map<string, JsonSchema>()
  const collect = (from: unknown) =>
    eachRef(from, (ref) => {
      const shared = known.get(nameOf(ref.split('#', 1)[0] as string))
      if (!shared || found.has(shared.id)) return
      const plain = describeSchema(shared.schema, 'input').jsonSchema as JsonSchema
      found.set(shared.id, plain)
      collect(plain)
    })
  collect(described)
  return sorted(found, (schema) => schema)
}

/** An `$id` without an empty fragment: Ajv takes both for the same. */
function nameOf(id: string): string {
  return id.replace(/#$/, '')
}

function sorted<Value, Described>(
  entries: Iterable<readonly [string, Value]>,
  describe: (value: Value) => Described,
): Record<string, Described> {
  const list = [...entries].sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(list.map(([name, value]) => [name, describe(value)]))
}

/** A copy as JSON; binary data becomes what JSON.stringify makes of it. */
function toJson(examples: readonly unknown[]): unknown[] {
  return JSON.parse(JSON.stringify(examples)) as unknown[]
}
