import { EventEmitter } from 'node:events'
import { Socket } from 'socket.io'
import t from 'tap'
import { containAcks, containAnyListeners, containListeners } from '../../plugin/listeners.js'
import { until } from './harness.js'

function contained() {
  const emitter = new EventEmitter()
  const reports: [unknown, string | symbol][] = []
  containListeners(emitter, (error, event) => reports.push([error, event]))
  return { emitter, reports }
}

t.test('what a listener throws or rejects is reported, however it was added', async (t) => {
  for (const add of ['on', 'addListener', 'once', 'prependListener', 'prependOnceListener'] as const) {
    const { emitter, reports } = contained()
    emitter[add]('throws', () => {
      throw 'thrown'
    })
    emitter[add]('rejects', async () => Promise.reject('rejected'))
    emitter.emit('throws')
    emitter.emit('rejects')
    await until(() => reports.length === 2)
    t.strictSame(
      reports,
      [
        ['thrown', 'throws'],
        ['rejected', 'rejects'],
      ],
      add,
    )
  }
})

t.test('listeners behave as without: this, arguments, order, once, off and listeners()', async (t) => {
  const { emitter } = contained()
  const calls: unknown[] = []
  const last = function (this: unknown, ...args: unknown[]) {
    calls.push(['last', this === emitter, ...args])
    return 7
  }
  const first = () => void calls.push('first')
  const once = () => void calls.push('once')
  const never = () => void calls.push('never')
  emitter.on('x', last)
  emitter.prependListener('x', first)
  emitter.once('x', once)
  emitter.prependOnceListener('x', never)
  t.strictSame(emitter.listeners('x'), [never, first, last, once])
  emitter.off('x', never)
  emitter.emit('x', 1, 2)
  emitter.emit('x')
  t.strictSame(calls, ['first', ['last', true, 1, 2], 'once', 'first', ['last', true]])
  emitter.removeListener('x', last)
  emitter.off('x', first)
  t.equal(emitter.listenerCount('x'), 0)
  t.throws(() => emitter.on('x', undefined as never), TypeError)
  // biome-ignore lint/suspicious/noThenProperty: the point of it
  emitter.on('odd', () => ({ then: 'not a function' }))
  emitter.on('odd', () => null)
  t.ok(emitter.emit('odd'))
})

t.test('a socket that keeps its ack callbacks elsewhere is left as it is', async (t) => {
  for (const socket of [{}, { acks: [] }]) t.doesNotThrow(() => containAcks(socket, () => t.fail('nothing to report')))
})

t.test(
  'a listener for any event is taken off by the function that the application gave, and by no other',
  async (t) => {
    const socket: Socket = Object.create(Socket.prototype)
    const never = () => t.fail('nothing to report')
    containAnyListeners(socket as unknown as Parameters<typeof containAnyListeners>[0], never, () => false)
    const own = () => {}
    socket.onAny(own).prependAny(() => {})
    socket.offAny(() => {})
    t.equal(socket.listenersAny().length, 2)
    socket.offAny(own)
    t.equal(socket.listenersAny().length, 1)
    socket.offAny()
    t.equal(socket.listenersAny().length, 0)
  },
)
