import t from 'tap'
import { MemoryClient } from '../../../../plugin/wire/fast/memory-client.js'
import { textFrame } from '../../../../plugin/wire/websocket/websocket-frames.js'
import { frame, OPCODE } from '../../../wire/wire.js'

const write = (client: MemoryClient, text: string) => void client.write(Buffer.from(text, 'latin1'))

t.test('its request is a handshake', async (t) => {
  const { request } = new MemoryClient('/socket.io/?EIO=4')
  t.match(request, { method: 'GET', url: '/socket.io/?EIO=4', headers: { upgrade: 'websocket' } })
})

t.test('it hears the frames behind the response, one after another, wherever they are cut', async (t) => {
  const client = new MemoryClient('/')
  const long = textFrame('x'.repeat(300))
  const bytes = `HTTP/1.1 101 Switching Protocols\r\n\r\n${textFrame('a')}${long}${textFrame('')}`
  const first = client.hear()
  for (const byte of bytes) write(client, byte)
  t.equal(await first, textFrame('a'))
  t.equal(await client.hear(), long)
  t.equal(await client.hear(), textFrame(''))
})

t.test('what it says is masked, and cut where it should be', async (t) => {
  const client = new MemoryClient('/')
  const chunks: Buffer[] = []
  client.on('data', (chunk) => chunks.push(chunk))
  client.say(['a', 'ü'], 3)
  client.say(['b'])
  await new Promise((resolve) => setImmediate(resolve))
  const bytes = Buffer.concat(chunks)
  t.equal(chunks[0]?.length, 3)
  t.equal(bytes.length, frame(OPCODE.text, 'a').length * 2 + frame(OPCODE.text, 'ü').length)
  t.strictSame([bytes[0], bytes[1], (bytes[6] as number) ^ (bytes[2] as number)], [0x81, 0x81, 97])
})
