import { Decoder, Encoder, PacketType } from 'socket.io-parser'
import t from 'tap'
import { ackText, type EventHead, eventText, readHead } from '../../../plugin/wire/packet-text.js'
import { createGrammar } from '../../wire/grammar.js'

interface Decoded {
  type: number
  nsp: string
  id: number | undefined
  data: unknown
}

/** Decodes a text by Socket.IO's decoder; undefined if that closes the connection. */
function byStock(text: string): Decoded | undefined {
  const decoder = new Decoder()
  let decoded: Decoded | undefined
  decoder.on('decoded', ({ type, nsp, id, data }) => {
    decoded = { type, nsp, id, data }
  })
  try {
    decoder.add(text)
  } catch {
    return undefined
  }
  return decoded
}

/** Decodes a text as the fast path does; undefined if the fast path leaves it to Socket.IO. */
function byUs(text: string, guess = '/'): (Decoded & { name: string }) | undefined {
  const head: EventHead = { namespace: guess, id: undefined, name: '', start: 0 }
  if (!text.startsWith('2') || !readHead(text, 1, head)) return undefined
  try {
    const data = JSON.parse(text.slice(head.start))
    return { type: PacketType.EVENT, nsp: head.namespace, id: head.id, data, name: head.name }
  } catch {
    return undefined
  }
}

// Socket.IO refuses these names, and no definition can declare one, so the fast path never handles them.
const RESERVED = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']

t.test('an ordinary event is read as Socket.IO reads it, whatever namespace `head` had before', async (t) => {
  const texts = [
    '2["echo"]',
    '2["echo",1]',
    '20["echo",{"a":[1]}]',
    '2007["echo"]',
    '2999999999999999["echo"]',
    '2/chat,["echo",null]',
    '2/chat,12["echo"]',
    '2/chat/one,12["echo"]',
    '2/,1["echo"]',
    '2/a["b,1["echo"]',
    '2["",1]',
    '2["\u{1f600}", "x" ]  ',
    '2["__proto__",{"__proto__":1}]',
    '2["echo","]"]',
  ]
  for (const text of texts) {
    for (const guess of ['/', '/chat', '/chat/one', '']) {
      const { name, ...packet } = byUs(text, guess) ?? { name: undefined }
      t.strictSame(packet, byStock(text), text)
      t.equal(((packet as Decoded).data as unknown[] | undefined)?.[0], name)
    }
  }
})

t.test('an unusual text is left to Socket.IO', async (t) => {
  const texts = [
    '2',
    '2/chat',
    '2/chat,',
    '21',
    '2[',
    '2["',
    '2["a',
    '2["a\\u0062"]',
    '2["a\nb"]',
    '2[1]',
    '2[]',
    '2{}',
    '2 ["a"]',
    '21 ["a"]',
    '2-1["a"]',
    '21e3["a"]',
    '21234567890123456["a"]',
    '2/chat12["a"]',
  ]
  for (const text of texts) t.equal(byUs(text), undefined, text)
  for (const text of ['2["a",]', '2["a"', '2["a"]]', '2["a" "b"]']) {
    t.equal(byUs(text), undefined, `${text}, whose JSON is broken`)
    t.equal(byStock(text), undefined)
  }
})

t.test(
  'random events of the grammar, with random changes, are read as Socket.IO reads them, or left to it',
  async (t) => {
    const grammar = createGrammar(7)
    let state = 1
    const random = (bound: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 4_294_967_296) * bound)
    }
    const noise = [...'[]{}",:-/0129e\\ \0\n\u20ac\ud800', '/chat,', '["', '\\"', '00', '["connect"', ' ']
    const counts = { read: 0, left: 0 }
    for (let round = 0; counts.read + counts.left < 60_000; round++) {
      for (const { text = '' } of grammar.batch(['/', '/chat', '/plain'][round % 3] as string)) {
        if (!text.startsWith('42') || text.length > 5_000) continue
        let changed = text.slice(1)
        for (let rest = random(4); rest > 0; rest--) {
          // Most unusual texts differ at the beginning.
          const at = random(random(2) > 0 ? 30 : changed.length + 1)
          changed =
            changed.slice(0, at) + (random(4) > 0 ? noise[random(noise.length)] : '') + changed.slice(at + random(3))
        }
        const ours = byUs(changed, ['/', '/chat', '/plai'][random(3)])
        if (!ours || RESERVED.includes(ours.name)) {
          counts.left++
          continue
        }
        counts.read++
        const { name, ...packet } = ours
        const stock = byStock(changed)
        if (JSON.stringify(stock) !== JSON.stringify(packet) || (packet.data as unknown[])[0] !== name) {
          t.strictSame(packet, stock, JSON.stringify(changed))
        }
      }
    }
    t.ok(counts.read > 20_000, `${counts.read} were read, ${counts.left} left to Socket.IO`)
  },
)

t.test('an ack and an event are written as Socket.IO writes them', async (t) => {
  const encoder = new Encoder()
  const values = [1, null, 'x', { text: 'ä"\\\u2028\ud800' }, [], [{}]]
  for (const nsp of ['/', '/chat', '/ä']) {
    for (const value of values) {
      const json = JSON.stringify(value)
      for (const id of [0, 7, 999_999_999_999_999]) {
        const ack = { type: PacketType.ACK, nsp, id, data: [value] }
        t.equal(ackText(nsp, id, json), encoder.encode(ack)[0])
        const event = { type: PacketType.EVENT, nsp, id, data: ['a"b', value] }
        t.equal(eventText({ nsp, id }, 'a"b', json, undefined), encoder.encode(event)[0])
      }
      const event = { type: PacketType.EVENT, nsp, data: ['say', value] }
      t.equal(eventText({ nsp }, 'say', json, undefined), encoder.encode(event)[0])
      const withOffset = { type: PacketType.EVENT, nsp, data: ['say', value, 'o"7'] }
      t.equal(eventText({ nsp }, 'say', json, 'o"7'), encoder.encode(withOffset)[0])
    }
  }
})
