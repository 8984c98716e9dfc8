import type { JsonSchema, SchemaDescription } from '../definition/contract/description.js'
import type { DocumentMessage, DocumentOperation, DocumentRef } from '../definition/contract/document-types.js'
import { createIds, type TakeId } from './safe-ids.js'
import type { SchemaRenderer } from './schemas/component-schemas.js'

/** Collects the messages and the operations of one channel. */
export interface ChannelWriter {
  /** @param place - names the schema, in case it becomes a component */
  render(schema: SchemaDescription, place: string): JsonSchema
  /** The payload of a message; nothing for an undefined schema, which accepts everything. */
  payloadOf(schema: SchemaDescription | undefined, place: string): { readonly payload?: JsonSchema }
  /** @returns the reference of the message */
  addMessage(wantedId: string, message: DocumentMessage): DocumentRef
  /** Adds a message that many operations of the channel have. */
  shareMessage(wantedId: string, message: DocumentMessage): DocumentRef
  /** @returns the id of the operation */
  addOperation(wantedId: string, operation: Omit<DocumentOperation, 'channel' | 'security'>): string
  readonly channel: DocumentRef
  readonly messages: ReadonlyMap<string, DocumentMessage>
  readonly operations: ReadonlyMap<string, DocumentOperation>
}

export interface ChannelWriterOptions {
  readonly channelId: string
  readonly takeOperationId: TakeId
  readonly renderSchema: SchemaRenderer
  /** What each operation demands. */
  readonly security: readonly DocumentRef[]
}

export function createChannelWriter(options: ChannelWriterOptions): ChannelWriter {
  const { channelId, takeOperationId, renderSchema, security } = options
  const takeMessageId = createIds()
  const messages = new Map<string, DocumentMessage>()
  const shared = new Map<string, DocumentRef>()
  const operations = new Map<string, DocumentOperation>()
  const channel = { $ref: `#/channels/${channelId}` }
  const addMessage = (wantedId: string, message: DocumentMessage) => {
    const id = takeMessageId(wantedId)
    messages.set(id, message)
    return { $ref: `${channel.$ref}/messages/${id}` }
  }
  const render = (schema: SchemaDescription, place: string) => renderSchema(schema, `${channelId}.${place}`)
  return {
    channel,
    messages,
    operations,
    render,
    payloadOf: (schema, place) => (schema === undefined ? {} : { payload: render(schema, place) }),
    addMessage,
    shareMessage(wantedId, message) {
      const ref = shared.get(wantedId) ?? addMessage(wantedId, message)
      shared.set(wantedId, ref)
      return ref
    },
    addOperation(wantedId, { action, ...rest }) {
      const id = takeOperationId(wantedId)
      operations.set(id, { action, channel, ...rest, ...(security.length > 0 && { security }) })
      return id
    },
  }
}
