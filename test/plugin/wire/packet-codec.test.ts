import { type Packet, PacketType } from 'socket.io-parser'
import t from 'tap'
import { createCodec } from '../../../plugin/wire/packet-codec.js'

const LIMITS = { arguments: 2, depth: 4, payloadBytes: 1_000 }

/** A decoder of a codec that decides on nothing, for a connection or for none; it notes what it hands on. */
function createDecoder(connection?: object) {
  const codec = createCodec({
    limits: LIMITS,
    receiveConnect: (_connection, _packet, pass) => pass(),
    explain: (refusal) => refusal,
  })
  if (connection) codec.expect(connection as never)
  const decoder = new codec.parser.Decoder() as InstanceType<typeof codec.parser.Decoder> & {
    add(chunk: string | Buffer): void
    destroy(): void
  }
  const packets: Packet[] = []
  decoder.on('decoded', (packet) => packets.push(packet))
  return { decoder, packets }
}

t.test('a decoder without a connection, which an application or an adapter makes, hands on every packet', async (t) => {
  const { decoder, packets } = createDecoder()
  for (const text of ['0/chat,{"token":"x"}', '2/chat,1["plain","x"]', '3/chat,1["x"]', '1/chat,']) decoder.add(text)
  decoder.add('51-/chat,["plain",{"_placeholder":true,"num":0}]')
  decoder.add(Buffer.from('bytes'))
  t.strictSame(
    packets.map(({ type }) => type),
    [PacketType.CONNECT, PacketType.EVENT, PacketType.ACK, PacketType.DISCONNECT, PacketType.EVENT],
  )
  t.strictSame(packets.at(-1)?.data, ['plain', Buffer.from('bytes')])
  decoder.destroy()
})

t.test(
  'after an event with attachments, texts are decoded as before it; one between violates the protocol',
  async (t) => {
    const { decoder, packets } = createDecoder({})
    const head = '51-["plain",{"_placeholder":true,"num":0}]'
    decoder.add(head)
    decoder.add(Buffer.from('a'))
    decoder.add('2["plain","text"]')
    decoder.add(head)
    t.throws(() => decoder.add('2["plain","between"]'), { message: /plaintext/ })
    t.strictSame(
      packets.map(({ data }) => data[1]),
      [Buffer.from('a'), 'text'],
    )
  },
)
