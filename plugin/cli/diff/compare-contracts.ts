import type {
  EmitDescription,
  EventDescription,
  NamespaceDescription,
  SchemaDescription,
  ServerDescription,
} from '../../definition/contract/description.js'
import { type CompareOptions, compareSchemas } from './compare-schemas.js'
import type { Side } from './objection-words.js'

/*
 * What a change of the contracts of a server means for clients that were built with the old ones.
 */

export interface ContractChange {
  readonly namespace: string
  /** The event or the emit; absent for what concerns the namespace. */
  readonly event?: string
  readonly emit?: string
  /** `breaking` for clients that were built with the old contract; `unknown`: a schema that can't be compared. */
  readonly effect: 'breaking' | 'compatible' | 'unknown'
  readonly text: string
}

/** Where a change is, and how to report it. */
interface ContractPlace extends Pick<ContractChange, 'namespace' | 'event' | 'emit'> {
  readonly options: CompareOptions
  readonly before: NamespaceDescription
  readonly after: NamespaceDescription
}

/** Compares all namespaces. The changes are in the order of the names. */
export function compareContracts(
  before: ServerDescription,
  after: ServerDescription,
  options: CompareOptions,
): ContractChange[] {
  const changes: ContractChange[] = []
  if (before.path !== after.path) {
    const text = `the path of the handshake was ${before.path}, is ${after.path}; clients can't connect`
    changes.push({ namespace: '*', effect: 'breaking', text })
  }
  const byName = ({ namespaces }: ServerDescription) => new Map(namespaces.map((one) => [one.name, one]))
  const [olds, news] = [byName(before), byName(after)]
  for (const name of namesOf(olds, news)) {
    const [old, fresh] = [olds.get(name), news.get(name)]
    if (old && fresh) changes.push(...compareNamespaces(old, fresh, options))
    else if (old) changes.push({ namespace: name, effect: 'breaking', text: "is gone; clients can't join" })
    else changes.push({ namespace: name, effect: 'compatible', text: 'is new' })
  }
  return changes
}

function namesOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort()
}

function* compareNamespaces(
  before: NamespaceDescription,
  after: NamespaceDescription,
  options: CompareOptions,
): Generator<ContractChange> {
  const place: ContractPlace = { namespace: before.name, options, before, after }
  for (const part of ['params', 'querystring', 'headers', 'auth'] as const) {
    yield* compareParts(place, part, 'sends', before[part], after[part])
  }
  for (const [name, old, fresh] of pairs(before.events, after.events)) {
    yield* compareEntries({ ...place, event: name }, old, fresh, compareEvents)
  }
  for (const [name, old, fresh] of pairs(before.emits, after.emits)) {
    yield* compareEntries({ ...place, emit: name }, old, fresh, compareEmits)
  }
  for (const [pattern, old, fresh] of pairs(before.rooms ?? {}, after.rooms ?? {})) {
    const room = `room ${pattern}`
    if (!old) yield change(place, 'compatible', `${room} is new`)
    else if (!fresh) yield change(place, 'breaking', `${room} is gone; clients get FST_NSP_ROOM_UNKNOWN`)
    else yield* compareParts(place, `${room}: params`, 'sends', old.params, fresh.params)
  }
  if (before.hash !== after.hash && after.contractMismatch === 'refuse') {
    yield change(
      place,
      'breaking',
      'contractMismatch is refuse; clients that send the hash of the old contract are refused',
    )
  }
}

type ContractEntry = EventDescription | EmitDescription

function* pairs<Described>(
  before: Readonly<Record<string, Described>>,
  after: Readonly<Record<string, Described>>,
): Generator<[string, Described | undefined, Described | undefined]> {
  const [olds, news] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  for (const name of namesOf(olds, news)) yield [name, olds.get(name), news.get(name)]
}

function* compareEntries<Described extends ContractEntry>(
  place: ContractPlace,
  old: Described | undefined,
  fresh: Described | undefined,
  compare: (place: ContractPlace, old: Described, fresh: Described) => Iterable<ContractChange>,
): Generator<ContractChange> {
  if (!old) yield change(place, 'compatible', 'is new')
  else if (!fresh) {
    const effect = place.event === undefined ? 'clients wait for it in vain' : 'clients get FST_NSP_EVENT_UNKNOWN'
    yield change(place, 'breaking', `is gone; ${effect}`)
  } else {
    if (fresh.deprecated && !old.deprecated) yield change(place, 'compatible', 'is deprecated now')
    yield* compare(place, old, fresh)
  }
}

function* compareEvents(
  place: ContractPlace,
  old: EventDescription,
  fresh: EventDescription,
): Generator<ContractChange> {
  yield* compareParts(place, 'payload', 'sends', old.payload, fresh.payload)
  yield* compareParts(place, 'reply', 'receives', old.reply, fresh.reply)
  yield* compareStreams(place, old, fresh)
  for (const [code, before, after] of pairs(old.errors, fresh.errors)) {
    if (!before)
      yield change(place, 'compatible', `error ${code} is new; clients see it as an error that they do not know`)
    else if (!after) yield change(place, 'compatible', `error ${code} is gone`)
    else yield* compareParts(place, `errors.${code}`, 'receives', before, after)
  }
  if (old.isIdempotent && !fresh.isIdempotent) {
    yield change(place, 'breaking', 'has no idempotency key any more; an event that a client repeats is handled again')
  }
}

function* compareStreams(
  place: ContractPlace,
  old: EventDescription,
  fresh: EventDescription,
): Generator<ContractChange> {
  const [before, after] = [old.stream, fresh.stream]
  if (!before && !after) return
  if (!before) return yield change(place, 'breaking', 'is a stream now; clients get FST_NSP_STREAM_INVALID')
  if (!after) return yield change(place, 'breaking', 'is no stream any more; clients get no items')
  yield* compareParts(place, 'stream', 'receives', before.item, after.item)
  if (before.isResumable && !after.isResumable)
    yield change(place, 'breaking', "its items have no ids any more; clients can't resume")
  if (before.credits !== after.credits) {
    yield change(place, 'compatible', `credits were ${before.credits}, are ${after.credits}`)
  }
}

function* compareEmits(place: ContractPlace, old: EmitDescription, fresh: EmitDescription): Generator<ContractChange> {
  yield* compareParts(place, 'payload', 'receives', old.payload, fresh.payload)
  if (fresh.reply && !old.reply) return yield change(place, 'breaking', 'wants a reply now; clients give none')
  yield* compareParts(place, 'reply', 'sends', old.reply, fresh.reply)
}

function* compareParts(
  place: ContractPlace,
  part: string,
  side: Side,
  before: SchemaDescription | undefined,
  after: SchemaDescription | undefined,
): Generator<ContractChange> {
  if (!before && !after) return
  // Without a schema a payload is not looked at, and a reply can be anything.
  const [old, fresh] = [before ?? { jsonSchema: true }, after ?? { jsonSchema: true }]
  if (old.jsonSchema === undefined && fresh.jsonSchema === undefined) {
    return yield change(place, 'unknown', `${part} has no JSON Schema (${fresh.vendor})`)
  }
  if (old.jsonSchema === undefined || fresh.jsonSchema === undefined) {
    return yield change(place, 'breaking', `${part} has a JSON Schema only in one contract; it can't be compared`)
  }
  const changes = compareSchemas(
    { schema: old.jsonSchema, shared: place.before.schemas },
    { schema: fresh.jsonSchema, shared: place.after.schemas },
    { ...place.options, side, place: part },
  )
  const isPaired = before !== undefined && after !== undefined
  if (isPaired) {
    for (const text of changes.breaking) yield change(place, 'breaking', text)
    for (const text of changes.compatible) yield change(place, 'compatible', text)
  } else {
    const text = before ? `${part} has no schema any more` : `${part} has a schema now`
    yield change(place, changes.breaking.length > 0 ? 'breaking' : 'compatible', text)
  }
}

function change(place: ContractPlace, effect: ContractChange['effect'], text: string): ContractChange {
  const { namespace, event, emit } = place
  return { namespace, ...(event !== undefined && { event }), ...(emit !== undefined && { emit }), effect, text }
}
