import type { Input, Outcome } from './inputs.js'
import { connected, frame, type Message, OPCODE, TcpClient, WirePolling, WireSocket } from './wire.js'

/*
 * Sends one hostile input and returns its outcome, in the terms of the table in inputs.ts.
 */

/** The ack id of the event that follows an input on its connection. Its ack comes after everything that the input causes. */
const LAST_ID = 999_999

export async function observe(port: number, input: Input): Promise<Outcome> {
  switch (input.transport) {
    case 'websocket':
      return overWebSocket(port, input)
    case 'polling':
      return overPolling(port, input)
    case 'http':
      return overHttp(port, input)
  }
}

async function overWebSocket(port: number, input: Input & { transport: 'websocket' }): Promise<Outcome> {
  const head = input.isInHead ? Buffer.concat(input.send.map(toBytes)) : undefined
  const socket = await WireSocket.open(port, head)
  const { namespace = '/chat' } = input
  if (namespace !== null && !head) await socket.join(namespace)
  if (!head) socket.tcp.write(Buffer.concat(input.send.map(toBytes)))
  const messages: Message[] = []
  if (input.second) {
    // The first message of the server, before the second part is sent.
    messages.push(await socket.next())
    socket.tcp.write(Buffer.concat(input.second.map(toBytes)))
  }
  if (input.isIncomplete) {
    await rest(port)
    await socket.end()
    return 'waiting'
  }
  const { follow: at = namespace ?? '/chat' } = input
  const last = `42${at === '/' ? '' : `${at},`}${LAST_ID}["last"]`
  socket.say(namespace === at ? last : `40${at},`)
  for (;;) {
    const message = await socket.next()
    if (isLast(message, 'ok')) break
    // Refused while the input still uses up a limit, or joined only now.
    if (isLast(message)) socket.say(last)
    else if (namespace !== at && typeof message === 'string' && message.startsWith(`40${at},`)) socket.say(last)
    else messages.push(message)
    if (isEnd(message)) break
  }
  await socket.end()
  return summarize(messages)
}

/** Opens, joins and closes a second connection: by then the server would have answered the first. */
async function rest(port: number): Promise<void> {
  const socket = await WireSocket.open(port)
  await socket.join('/chat')
  await socket.end()
}

async function overPolling(port: number, input: Input & { transport: 'polling' }): Promise<Outcome> {
  const session = await WirePolling.open(port)
  const { namespace = '/chat' } = input
  if (namespace !== null) {
    await session.post(`40${namespace},`)
    await session.poll()
  }
  const messages: Message[] = []
  for (const { body, headers } of input.posts) {
    const answer = await session.post(body, headers)
    if (answer?.status !== 200) return { http: answer?.status ?? 0 }
  }
  const last = `42${namespace ?? '/chat'},${LAST_ID}["last"]`
  await session.post(namespace === null ? `40/chat,\x1e${last}` : last)
  for (let isOver = false; !isOver; ) {
    const answer = await session.poll()
    if (answer?.status !== 200) return { closed: answer?.status ?? 0 }
    const received = answer.body.split('\x1e').filter((packet) => packet !== '2' && packet !== '6')
    messages.push(...received.filter((packet) => !isLast(packet)))
    isOver = received.some((packet) => isLast(packet, 'ok') || packet === '1')
    if (!isOver && received.some((packet) => isLast(packet))) await session.post(last)
  }
  await session.post('1')
  return summarize(messages)
}

async function overHttp(port: number, input: Input & { transport: 'http' }): Promise<Outcome> {
  const polling = input.send.includes('{polling}') ? await WirePolling.open(port) : undefined
  const socket = input.send.includes('{websocket}') ? await WireSocket.open(port) : undefined
  const bytes = input.send.replaceAll('{polling}', polling?.sid ?? '').replaceAll('{websocket}', socket?.sid ?? '')
  const tcp = new TcpClient(port)
  await connected(tcp)
  tcp.write(input.encoding ? Buffer.from(bytes, input.encoding) : bytes)
  const statuses: number[] = []
  if (input.isReset) tcp.socket.resetAndDestroy()
  else {
    for (let left = input.answers ?? 1; left > 0; left--) {
      const answer = await tcp.answer(input.send.startsWith('HEAD'))
      statuses.push(answer?.status ?? 0)
      if (!answer) break
    }
  }
  await tcp.end()
  if (polling) await polling.post('1')
  await socket?.end()
  const [first = 0] = statuses
  if (statuses.length > 1) return { http: statuses }
  return first === 0 ? 'dropped' : { http: first }
}

function toBytes(part: string | Uint8Array): Uint8Array {
  return typeof part === 'string' ? frame(OPCODE.text, part) : part
}

function isLast(message: Message, how = ''): boolean {
  return (
    typeof message === 'string' &&
    message.startsWith('43') &&
    message.includes(`${LAST_ID}[{"${how}`) &&
    (how === '' || message.includes('"ok":true'))
  )
}

function isEnd(message: Message): message is { readonly closed: number } {
  return typeof message === 'object' && 'closed' in message
}

function summarize(messages: readonly Message[]): Outcome {
  const words = messages.map((message) => {
    if (isEnd(message)) return `closed ${message.closed}`
    if (typeof message !== 'string') return `${message.length} bytes`
    return describe(message)
  })
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const [only] = counts.size === 1 ? [...counts] : []
  if (counts.size === 0) return 'ignored'
  if (counts.has('ack FST_NSP_RATE_LIMITED') || counts.has('connect_error FST_NSP_RATE_LIMITED'))
    return { limited: messages.length }
  if (!only) return { answers: Object.fromEntries(counts) }
  const [word, count] = only
  if (count > 1) return { answers: { [word]: count } }
  const [kind = '', what = ''] = word.split(/ (.*)/)
  if (kind === 'closed') return { closed: Number(what) }
  if (kind === 'ack') return { ack: what }
  if (kind === 'connect_error') return { refused: what }
  if (kind === 'close-packet') return { closed: 'close-packet' }
  return kind === 'ok' ? 'handled' : { answers: { [word]: 1 } }
}

/** Describes a packet in one or two words. */
function describe(packet: string): string {
  if (packet === '1') return 'close-packet'
  if (packet.startsWith('b')) return 'attachment'
  if (packet.startsWith('40')) return 'joined'
  const data = JSON.parse(packet.slice(Math.max(packet.search(/[[{]/), 0)))
  if (packet.startsWith('44')) return `connect_error ${data.data?.code ?? data.message}`
  if (packet.startsWith('43') || packet.startsWith('46')) {
    const [envelope] = data
    return envelope?.ok === true ? 'ok' : `ack ${envelope?.error?.code}`
  }
  return `event ${data[0]}`
}
