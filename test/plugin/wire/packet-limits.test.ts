import { PacketType } from 'socket.io-parser'
import t from 'tap'
import { findProblem, isWithinPacketLimits } from '../../../plugin/wire/packet-limits.js'

const LIMITS = { arguments: 2, depth: 2, payloadBytes: 100 }

const LISTS: readonly (readonly [what: string, data: unknown[], size: number])[] = [
  ['nothing', ['a'], 5],
  ['as many arguments as the limit', ['a', 1, 2], 5],
  ['one more', ['a', 1, 2, 3], 5],
  ['as deep as the limit', ['a', [[1]]], 5],
  ['one level more', ['a', [[[1]]]], 5],
  ['as many bytes as the limit', ['a', 1], 100],
  ['one more byte', ['a', 1], 101],
  ['a key that could reach a prototype', ['a', JSON.parse('{"__proto__":1}')], 5],
  ['a forged attachment', ['a', { _placeholder: true, num: 0 }], 5],
]

t.test('isWithinPacketLimits() is true for the events in which findProblem() finds none', async (t) => {
  for (const [what, data, size] of LISTS) {
    const problem = findProblem({ type: PacketType.EVENT, nsp: '/', data } as never, size, LIMITS)
    t.equal(isWithinPacketLimits(data, size, LIMITS), problem === undefined, what)
  }
})

t.test('a packet that exceeds a limit has an error with the code of that limit', async (t) => {
  const codes = LISTS.map(([, data, size]) => {
    return (findProblem({ type: PacketType.EVENT, nsp: '/', data } as never, size, LIMITS) as { code?: string })?.code
  })
  t.strictSame(codes, [
    undefined,
    undefined,
    'FST_NSP_EVENT_MALFORMED',
    undefined,
    'FST_NSP_EVENT_MALFORMED',
    undefined,
    'FST_NSP_PAYLOAD_TOO_LARGE',
    'FST_NSP_EVENT_MALFORMED',
    'FST_NSP_EVENT_MALFORMED',
  ])
  const ack = (id: number, data: unknown[]) =>
    findProblem({ type: PacketType.ACK, nsp: '/', id, data } as never, 5, LIMITS)
  t.equal(ack(1, [1, 2]), undefined, 'the list of an ack has no event name')
  t.match(ack(1, [1, 2, 3]), { code: 'FST_NSP_EVENT_MALFORMED' })
  t.match(ack(2 ** 60, []), { code: 'FST_NSP_EVENT_MALFORMED' })
  t.equal(findProblem({ type: PacketType.CONNECT, nsp: '/', data: { token: 'x' } }, 5, LIMITS), undefined)
})
