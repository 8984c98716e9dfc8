import type { EventDescription, JsonSchema, SchemaDescription } from '../definition/contract/description.js'
import type { DocumentMessage } from '../definition/contract/document-types.js'

/*
 * The acks of an event: one message for the data, one for each declared error, and one for every other error.
 */

/** A message, and a name for its id. */
export interface NamedMessage {
  readonly role: string
  readonly message: DocumentMessage
}

/** @param render - renders a schema; its second argument names the place */
export function describeAcks(
  event: string,
  { reply, errors }: EventDescription,
  render: (schema: SchemaDescription, role: string) => JsonSchema,
): readonly NamedMessage[] {
  const codes = Object.keys(errors)
  const ok = toAck(`ack of ${event}`, {
    type: 'object',
    properties: { ok: { const: true }, data: reply === undefined ? true : render(reply, 'reply') },
    required: hasData(reply) ? ['ok', 'data'] : ['ok'],
  })
  const declared = Object.entries(errors).map(([code, details]): NamedMessage => {
    const error = describeError(
      { const: code },
      { statusCode: { const: 400 }, details: render(details, `error.${code}`) },
    )
    return { role: `error.${code}`, message: toAck(`error ${code} of ${event}`, error) }
  })
  const code = { type: 'string', ...(codes.length > 0 && { not: { enum: codes } }) }
  const other = describeError(code, { statusCode: { type: 'integer' }, details: true })
  return [
    { role: 'ack', message: ok },
    ...declared,
    { role: 'error', message: toAck(`any other error of ${event}`, other) },
  ]
}

/** Whether `data` is always there. A library's schema may accept `undefined`, which its JSON Schema does not tell. */
function hasData(reply: SchemaDescription | undefined): boolean {
  return reply?.vendor === undefined && Object(reply?.jsonSchema).type !== undefined
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
