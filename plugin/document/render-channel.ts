import type { NamespaceDescription, SchemaDescription } from '../definition/contract/description.js'
import type { DocumentChannel, DocumentOperation } from '../definition/contract/document-types.js'
import { toAddressExpression } from './address-expression.js'
import { type ChannelWriter, type ChannelWriterOptions, createChannelWriter } from './channel-writer.js'
import { toDocumentProse } from './prose.js'
import { renderEmit } from './render-emit.js'
import { renderEvent } from './render-event.js'

interface RenderedChannel {
  readonly channel: DocumentChannel
  readonly operations: Iterable<readonly [id: string, DocumentOperation]>
}

const JOIN_KEYS = ['params', 'querystring', 'headers', 'auth'] as const

/** Renders a namespace: a channel, and an operation for each event, emit and stream. */
export function renderChannel(namespace: NamespaceDescription, options: ChannelWriterOptions): RenderedChannel {
  const { name, hash, deprecated, sequential, contractMismatch, events, emits, rooms } = namespace
  const writer = createChannelWriter(options)
  for (const [event, description] of Object.entries(events)) renderEvent(event, description, options.channelId, writer)
  for (const [emit, description] of Object.entries(emits)) renderEmit(emit, description, options.channelId, writer)
  const joining = JOIN_KEYS.flatMap((key) => {
    const schema: SchemaDescription | undefined = namespace[key]
    return schema === undefined ? [] : [[key, writer.render(schema, key)]]
  })
  const channel = {
    ...toAddressExpression(name, namespace.params),
    title: name,
    ...toDocumentProse(namespace),
    messages: Object.fromEntries(writer.messages),
    'x-socketio': {
      namespace: name,
      contract: hash,
      contractMismatch,
      sequential,
      ...(deprecated === true && { deprecated }),
      ...Object.fromEntries(joining),
      ...(rooms && { rooms: renderRooms(rooms, writer) }),
    },
  }
  return { channel, operations: writer.operations }
}

function renderRooms(rooms: NonNullable<NamespaceDescription['rooms']>, writer: ChannelWriter) {
  const rendered = Object.entries(rooms).map(([pattern, { description, params }]) => [
    pattern,
    {
      ...(description !== undefined && { description }),
      ...(params && { params: writer.render(params, `room.${pattern}`) }),
    },
  ])
  return Object.fromEntries(rendered)
}
