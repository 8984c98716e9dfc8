import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import t from 'tap'
import { createCompactor } from '../../../../plugin/wire/fast/compact-listeners.js'

const compact = createCompactor()

t.test('a compacted emitter calls, counts and removes its listeners as before', async (t) => {
  const emitter = new EventEmitter()
  const heard: unknown[] = []
  const hear = (word: unknown) => heard.push(word)
  emitter.on('one', hear).once('once', hear)
  for (let index = 0; index < 3; index++) emitter.on('many', hear)
  const names = emitter.eventNames()
  compact(emitter)
  t.strictSame(emitter.eventNames(), names)
  t.equal(emitter.listenerCount('many'), 3)
  for (const name of [...names, 'once', 'other']) emitter.emit(name, String(name))
  t.strictSame(heard, ['one', 'once', 'many', 'many', 'many'])
  emitter.on('one', hear).on('late', hear).off('many', hear)
  heard.length = 0
  for (const name of ['one', 'many', 'late']) emitter.emit(name, String(name))
  t.strictSame(heard, ['one', 'one', 'many', 'many', 'late'])
  emitter.removeAllListeners()
  t.strictSame(emitter.eventNames(), [])
})

t.test('a compacted emitter has no listeners under names that objects inherit', async (t) => {
  const emitter = new EventEmitter().on('one', () => {})
  compact(emitter)
  for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) t.notOk(emitter.emit(name), name)
})

t.test(
  'a compacted stream, which has entries for events without listeners, still reads, writes and closes',
  async (t) => {
    const chunks: string[] = []
    const stream = new Duplex({
      read() {},
      write: (chunk, _encoding, done) => done(chunks.push(String(chunk)) ? null : null),
    })
    compact(stream)
    const ended = new Promise((resolve) => stream.once('close', resolve))
    stream.on('data', (chunk) => chunks.push(String(chunk)))
    stream.write('out')
    stream.push('in')
    stream.push(null)
    stream.end()
    await ended
    t.strictSame(chunks, ['out', 'in'])
  },
)

t.test('the only listener of an event can be mapped to another function', async (t) => {
  const heard: string[] = []
  const inner = () => heard.push('inner')
  const emitter = new EventEmitter().on(
    'one',
    Object.assign(() => heard.push('outer'), { listener: inner }),
  )
  compact(emitter, (listener) => listener.listener ?? listener)
  emitter.emit('one')
  t.strictSame(heard, ['inner'])
})

t.test('an emitter with an event that is a symbol is not changed', async (t) => {
  const heard: unknown[] = []
  const own = Symbol('own')
  const emitter = new EventEmitter().on('one', () => heard.push('one')).on(own, () => heard.push(own))
  compact(emitter)
  for (const name of ['one', own]) emitter.emit(name)
  t.strictSame(heard, ['one', own])
})

t.test('an object without `_events` is not changed', async (t) => {
  const other = {}
  compact(other)
  t.strictSame(other, {})
})
