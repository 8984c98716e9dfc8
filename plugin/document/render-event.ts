import type { EventDescription, StreamDescription } from '../definition/contract/description.js'
import { addAcks } from './ack-messages.js'
import type { ChannelWriter } from './channel-writer.js'
import { toDocumentProse, toMessageProse } from './prose.js'

/*
 * Renders an event: an operation that the server receives, whose reply is the ack. The items of a stream are an operation
 * of their own.
 */

export function renderEvent(name: string, event: EventDescription, channelId: string, writer: ChannelWriter): void {
  const { stream, deprecated, isIdempotent, handlerTimeoutMs } = event
  const prose = toDocumentProse(event)
  const message = writer.addMessage(`event.${name}`, {
    name,
    title: name,
    ...prose,
    ...writer.payloadOf(event.payload, `event.${name}`),
    ...toMessageProse(event),
  })
  const replies = addAcks(name, event, writer)
  const items = stream && renderItems(name, stream, channelId, writer)
  writer.addOperation(`receive.${channelId}.${name}`, {
    action: 'receive',
    title: name,
    ...prose,
    messages: [message],
    reply: { channel: writer.channel, messages: replies },
    'x-socketio': {
      event: name,
      handlerTimeoutMs,
      ...(deprecated === true && { deprecated }),
      ...(isIdempotent === true && { isIdempotent }),
      ...(stream && { arguments: ['payload', '{ id, credits?, lastId? }'], stream: { ...limitsOf(stream), items } }),
    },
  })
}

function limitsOf({ credits, isResumable, readTimeoutMs }: StreamDescription) {
  return { credits, isResumable, readTimeoutMs }
}

/** @returns the id of the operation */
function renderItems(name: string, { item, isResumable }: StreamDescription, channelId: string, writer: ChannelWriter) {
  const title = `items of ${name}`
  const place = `item.${name}`
  const message = writer.addMessage(place, { name: 'namespace:item', title, payload: writer.render(item, place) })
  const args = ['id', 'item', ...(isResumable ? ['itemId'] : [])]
  return writer.addOperation(`item.${channelId}.${name}`, {
    action: 'send',
    title,
    messages: [message],
    'x-socketio': { event: 'namespace:item', arguments: args, streamOf: name },
  })
}
