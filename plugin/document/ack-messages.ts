import type { EventDescription, JsonSchema, SchemaDescription } from '../definition/contract/description.js'
import type { DocumentMessage, DocumentRef } from '../definition/contract/document-types.js'
import type { ChannelWriter } from './channel-writer.js'

/*
 * The acks of an event: one message for the data, one for each declared error, and one for every other error.
 */

/** Adds the acks of an event; returns their references. */
export function addAcks(event: string, described: EventDescription, writer: ChannelWriter): readonly DocumentRef[] {
  const errors = Object.entries(described.errors)
  const place = (role: string) => `event.${event}.${role}`
  const declared = errors.map(([code, schema]) => {
    const details = writer.render(schema, place(`error.${code}`))
    const error = describeError({ const: code }, { statusCode: { const: 400 }, details })
    return writer.addMessage(`error.${code}.${event}`, toAck(`error ${code} of ${event}`, error))
  })
  const data = described.reply && writer.render(described.reply, place('reply'))
  return [addData(event, described.reply, data, writer), ...declared, addOtherError(event, described, writer)]
}

function addData(
  event: string,
  reply: SchemaDescription | undefined,
  data: JsonSchema | undefined,
  writer: ChannelWriter,
): DocumentRef {
  const payload = {
    type: 'object',
    properties: { ok: { const: true }, data: data ?? true },
    required: hasData(reply) ? ['ok', 'data'] : ['ok'],
  }
  if (data === undefined) return writer.shareMessage('ack', toAck('ack', payload))
  return writer.addMessage(`ack.${event}`, toAck(`ack of ${event}`, payload))
}

/** Whether `data` is always there. A library's schema may accept `undefined`, which its JSON Schema does not tell. */
function hasData(reply: SchemaDescription | undefined): boolean {
  return reply?.vendor === undefined && Object(reply?.jsonSchema).type !== undefined
}

function addOtherError(event: string, { errors }: EventDescription, writer: ChannelWriter): DocumentRef {
  const codes = Object.keys(errors)
  const others = { statusCode: { type: 'integer' }, details: true }
  if (codes.length === 0) return writer.shareMessage('error', toAck('error', describeError({ type: 'string' }, others)))
  const code = { type: 'string', not: { enum: codes } }
  return writer.addMessage(`error.${event}`, toAck(`any other error of ${event}`, describeError(code, others)))
}

function toAck(title: string, payload: JsonSchema): DocumentMessage {
  return { name: 'ack', title, payload, 'x-socketio': { isAck: true } }
}

function describeError(code: JsonSchema, others: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const error = {
    type: 'object',
    properties: { code, message: { type: 'string' }, ...others },
    required: ['code', 'message', 'statusCode'],
  }
  return { type: 'object', properties: { ok: { const: false }, error }, required: ['ok', 'error'] }
}
