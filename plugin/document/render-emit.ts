import type { EmitDescription } from '../definition/contract/description.js'
import type { ChannelWriter } from './channel-writer.js'
import { toDocumentProse, toMessageProse } from './prose.js'

/** Renders an emit: an operation that the server sends, whose reply is the client's answer. */
export function renderEmit(name: string, emit: EmitDescription, channelId: string, writer: ChannelWriter): void {
  const prose = toDocumentProse(emit)
  const place = `emit.${name}`
  const message = writer.addMessage(place, {
    name,
    title: name,
    ...prose,
    ...writer.payloadOf(emit.payload, place),
    ...toMessageProse(emit),
  })
  writer.addOperation(`send.${channelId}.${name}`, {
    action: 'send',
    title: name,
    ...prose,
    messages: [message],
    ...(emit.reply && { reply: { channel: writer.channel, messages: [addAnswer(name, emit, writer)] } }),
    'x-socketio': { event: name, ...(emit.deprecated === true && { deprecated: true }) },
  })
}

function addAnswer(name: string, { reply }: EmitDescription, writer: ChannelWriter) {
  return writer.addMessage(`answer.${name}`, {
    name: 'ack',
    title: `answer to ${name}`,
    ...writer.payloadOf(reply, `answer.${name}`),
    'x-socketio': { isAck: true },
  })
}
