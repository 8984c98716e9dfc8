import { Decoder, Encoder, PacketType } from 'socket.io-parser'
import t from 'tap'
import { type EmitBound, EmitQueues } from '../../../../plugin/wire/waiting/emit-queues.js'

const ENCODER = new Encoder()

/** The queues of a server with these bounds in `/a`, and the payloads that `conflate` has received. */
function queues(bounds: Record<string, Partial<EmitBound>>, hasOffset = false) {
  return new EmitQueues({
    boundOf: (namespace, emit) => (namespace === '/a' ? (bounds[emit] as EmitBound) : undefined),
    createDecoder: () => new Decoder(),
    isText: true,
    hasOffset,
    encode: (packet) => ENCODER.encode(packet),
    report: (error) => t.error(error),
  })
}

function encode(data: unknown[], nsp = '/a', id?: number): unknown[] {
  return ENCODER.encode({ type: PacketType.EVENT, nsp, data, ...(id !== undefined && { id }) })
}

t.test('the parts of a bounded emit are counted by its first one; nothing else has any', async (t) => {
  const { one, other } = { one: encode(['x', 1]), other: encode(['y', 1]) }
  const bounded = queues({ x: { dropOldest: 1 } })
  t.equal(bounded.countParts(one[0]), 1)
  t.equal(bounded.countParts(encode(['x', [Buffer.alloc(1), Buffer.alloc(1)]])[0]), 3)
  const unbounded = { other: other[0], 'another namespace': encode(['x', 1], '/b')[0], attachment: Buffer.alloc(1) }
  for (const [what, part] of Object.entries({ ...unbounded, ack: '3/a,1[]', 'binary ack': '61-/a,1[]' })) {
    t.equal(bounded.countParts(part), 0, what)
  }
})

t.test('an emit is decoded once for all connections of a broadcast', async (t) => {
  let calls = 0
  const bounded = queues({ x: { conflate: () => `${++calls}` } })
  const parts = encode(['x', { pixels: Buffer.alloc(1) }])
  const queue = bounded.queueOf(parts)
  t.match(queue, { namespace: '/a', emit: 'x', most: 1, isTold: false })
  t.equal(bounded.queueOf([...parts]), queue)
  t.equal(calls, 1)
  t.not(bounded.queueOf(encode(['x', { pixels: Buffer.alloc(1) }])), queue, 'the same text with other attachments')
})

t.test('a key is called with the payload, and not with the offset of recovery', async (t) => {
  const payloads: unknown[] = []
  const conflate = (payload: unknown) => void payloads.push(payload)
  const plain = queues({ x: { conflate } })
  const recovering = queues({ x: { conflate } }, true)
  for (const [bounded, data] of [
    [plain, ['x', 1]],
    [plain, ['x']],
    [recovering, ['x', 1, 'offset']],
    [recovering, ['x', 'offset']],
  ] as const) {
    t.equal(bounded.queueOf(encode([...data])), undefined)
  }
  t.strictSame(payloads, [1, undefined, 1, undefined])
})

t.test('a conflate that returns a promise is reported, and its rejection ends nothing', async (t) => {
  const reported: unknown[] = []
  const conflate = async (): Promise<never> => {
    throw new Error('floats')
  }
  const bounded = new EmitQueues({
    ...queues({ x: { conflate } }).options,
    report: (error) => reported.push(Object(error).message),
  })
  t.equal(bounded.queueOf(encode(['x', 1])), undefined)
  await new Promise(setImmediate)
  t.strictSame(reported, ['conflate of x must return a string, a number or undefined: got object'])
})

t.test('keys of two kinds, emits and namespaces are told apart', async (t) => {
  const conflate = (payload: string | number) => payload
  const bounded = queues({ x: { conflate }, y: { conflate } })
  const names = [
    ['x', 1],
    ['x', '1'],
    ['y', 1],
  ].map((data) => bounded.queueOf(encode(data))?.name)
  t.equal(new Set(names).size, 3)
})

t.test('what is no emit, waits for an answer, or can not be decoded always waits', async (t) => {
  const bounded = queues({ x: { dropOldest: 1 }, 'a"b': { dropOldest: 1 } })
  const attachments = Array.from({ length: 20 }, () => Buffer.alloc(1))
  t.ok(bounded.queueOf(encode(['a"b'])))
  for (const [what, parts] of Object.entries({
    'an answer is awaited': encode(['x', 1], '/a', 7),
    'an ack': ['3/a,1[]'],
    'an emit with a quote in its name that has no bound': encode(['c"d']),
    'more attachments than a client reads': encode(['x', attachments]),
    'no packet': ['not a packet'],
  })) {
    t.equal(bounded.queueOf(parts), undefined, what)
  }
})
