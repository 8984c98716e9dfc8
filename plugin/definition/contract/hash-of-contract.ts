import { describeRoomEvents, ROOM_LEFT } from '../rooms/room-events.js'
import { describeContract } from './describe-contract.js'

/*
 * `contractHash()`: the hash of a contract that no server has declared, for the `contracts` of a client.
 */

interface Parts {
  readonly schema?: Readonly<Record<string, unknown>>
  readonly events?: Readonly<Record<string, EventOfContract>>
  readonly rooms?: Readonly<Record<string, { readonly params?: unknown }>>
  readonly emits?: Readonly<Record<string, { readonly payload?: unknown; readonly reply?: unknown }>>
}

interface EventOfContract {
  readonly payload?: unknown
  readonly reply?: unknown
  readonly errors?: Readonly<Record<string, unknown>>
  readonly stream?: unknown
  readonly itemId?: unknown
}

/** The options of `contractHash()`. */
export interface ContractHashOptions {
  /** The schemas that the server adds with `addSchema()`, as far as the contract refers to them by `$ref`. */
  readonly schemas?: readonly { readonly $id: string }[]
}

/**
 * The hash of a contract: the same in a browser and on the server, whatever the order of keys and the prose.
 *
 * @param contract - of `defineContract()`, or a definition
 * @returns 16 hexadecimal digits
 *
 * @example
 * const client = createClient<typeof contracts>(url, { contracts: { '/chat': contractHash(chat) } })
 */
export function contractHash(contract: object, { schemas = [] }: ContractHashOptions = {}): string {
  const { schema = {}, events = {}, emits = {}, rooms = {} } = contract as Parts
  const ofRooms = roomPartsOf(Object.keys(rooms))
  const prose = {}
  const described = describeContract(
    {
      prose,
      schema: Object.fromEntries(Object.entries(schema).filter(([, part]) => part !== undefined)),
      events: [...Object.entries(events), ...ofRooms.events].map(
        ([name, { payload, reply, errors = {}, stream, itemId }]) => [
          name,
          // Credits and timeouts are no part of the hash.
          {
            payload,
            reply,
            errors: Object.entries(errors),
            stream: stream === undefined ? undefined : { item: stream, itemId, credits: 0, readTimeoutMs: 0 },
            prose,
          },
        ],
      ),
      emits: [...Object.entries(emits), ...ofRooms.emits].map(([name, { payload, reply }]) => [
        name,
        { payload, reply, prose },
      ]),
      rooms: new Map(Object.entries(rooms).map(([pattern, { params }]) => [pattern, { pattern, params }])),
    },
    Object.fromEntries(schemas.map((added) => [added.$id, added])),
  )
  return described.hash
}

/** The events and the emit that a server has for these rooms. */
function roomPartsOf(patterns: readonly string[]): {
  readonly events: readonly [string, EventOfContract][]
  readonly emits: readonly [string, { readonly payload?: unknown; readonly reply?: unknown }][]
} {
  if (patterns.length === 0) return { events: [], emits: [] }
  const { [ROOM_LEFT]: left, ...events } = describeRoomEvents(patterns)
  return { events: Object.entries(events), emits: [[ROOM_LEFT, left]] }
}
