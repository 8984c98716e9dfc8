import { setImmediate as nextLoop } from 'node:timers/promises'
import t from 'tap'
import {
  addToBatch,
  beginReading,
  deferBatch,
  endReading,
  flushLater,
  isSendingLate,
  sendLate,
} from '../../../plugin/wire/read-batch.js'

/** A receiver and a writer that note what happens to them. `at[name]` runs when that event is received. */
function stage(at: Record<string, () => void> = {}) {
  const log: unknown[] = []
  const receiver = {
    namespace: '/',
    knows: () => true,
    receive([name]: readonly unknown[], id: number | undefined, isJson: boolean) {
      log.push(id === undefined ? name : [name, id, isJson])
      at[String(name)]?.()
    },
    abort: (error: unknown) => void log.push({ aborted: (error as Error).message }),
  }
  const writer = (name: string, flush = () => {}) => ({
    flush() {
      log.push(`written ${name}`)
      flush()
    },
    terminate: (error: unknown) => void log.push(`terminated ${name}: ${(error as Error).message}`),
  })
  const come = (name: string, id?: number, isJson = true) => addToBatch(receiver, [name], id, isJson)
  return { log, come, writer }
}

function read(chunk: () => void): void {
  beginReading()
  chunk()
  endReading()
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve))

t.test('events of one read are received at its end, in their order', async (t) => {
  const { log, come } = stage()
  read(() => {
    come('a', 1)
    come('b')
    come('c', 2, false)
    t.strictSame(log, [])
  })
  t.strictSame(log, [['a', 1, true], 'b', ['c', 2, false]])
  read(() => {})
  t.equal(log.length, 3)
})

t.test('what is sent during a read, or while its events are handled, is written at the end of the read', async (t) => {
  const { log, come, writer } = stage({ b: () => flushLater(writer('of b')) })
  read(() => {
    come('a')
    come('b')
    flushLater(writer('of the read'))
  })
  t.strictSame(log, ['a', 'b', 'written of the read', 'written of b'])
})

t.test('a read within another, of a client in this process, is handled and written with the outer one', async (t) => {
  const { log, come, writer } = stage()
  read(() => {
    read(() => {
      come('a')
      flushLater(writer('one'))
    })
    t.strictSame(log, [], 'not yet')
  })
  t.strictSame(log, ['a', 'written one'])
})

t.test('an event that comes while a batch is received is received behind it', async (t) => {
  const { log, come, writer } = stage({
    a: () => {
      read(() => come('inner'))
      t.strictSame(log, ['a'])
    },
  })
  read(() => {
    come('a')
    come('b')
    flushLater(writer('all'))
  })
  t.strictSame(log, ['a', 'b', 'inner', 'written all'])
})

t.test('outside a read, events are received and writes are made in the next tick, all at once', async (t) => {
  const { log, come, writer } = stage()
  flushLater(writer('one'))
  come('a')
  come('b')
  flushLater(writer('other'))
  t.strictSame(log, [], 'not yet')
  await tick()
  t.strictSame(log, ['written one', 'written other', 'a', 'b'])
})

t.test('an event behind a packet that is handled in the next tick stays behind it', async (t) => {
  const { log, come } = stage()
  const other = (name: string) => {
    deferBatch()
    process.nextTick(() => log.push(name))
  }
  read(() => {
    come('a')
    other('other')
    come('b')
    come('c')
    other('another')
    come('d')
  })
  t.strictSame(log, ['a'])
  // The next read in the same tick.
  read(() => come('e'))
  t.strictSame(log, ['a'])
  await tick()
  t.strictSame(log, ['a', 'other', 'b', 'c', 'another', 'd', 'e'])
  read(() => come('f'))
  t.equal(log.at(-1), 'f', 'in the next tick events are received at the end of a read again')
})

t.test('an event that comes while a deferred batch is received is received behind it, too', async (t) => {
  const { log, come } = stage({
    a: () => {
      deferBatch()
      come('inner')
    },
  })
  deferBatch()
  come('a')
  come('b')
  await tick()
  await tick()
  t.strictSame(log, ['a', 'b', 'inner'])
})

t.test('a receiver that throws is aborted; later events are received, and everything is written', async (t) => {
  const fail = () => {
    throw new Error('a fault')
  }
  const { log, come, writer } = stage({ a: fail, c: fail })
  read(() => {
    come('a')
    come('b')
    flushLater(writer('one'))
  })
  t.strictSame(log.splice(0), ['a', { aborted: 'a fault' }, 'b', 'written one'])
  come('c')
  come('d')
  await tick()
  t.strictSame(log, ['c', { aborted: 'a fault' }, 'd'])
})

t.test('a throw of abort() stops no other connection', async (t) => {
  const { log, come, writer } = stage()
  const broken = {
    namespace: '/',
    knows: () => true,
    receive: () => {
      throw new Error('a fault')
    },
    abort(error: unknown) {
      throw error
    },
  }
  read(() => {
    addToBatch(broken, ['x'], undefined, true)
    come('a')
    flushLater(writer('one'))
  })
  t.strictSame(log, ['a', 'written one'])
})

t.test('a writer that throws is terminated; the others are flushed', async (t) => {
  const { log, writer } = stage()
  const failing = writer('one', () => {
    throw new Error('a fault')
  })
  read(() => {
    flushLater(failing)
    flushLater(writer('other'))
  })
  t.strictSame(log, ['written one', 'terminated one: a fault', 'written other'])
})

t.test('a writer whose terminate() throws stops no other', async (t) => {
  const { log, writer } = stage()
  const fail = () => {
    throw new Error('a fault')
  }
  read(() => {
    flushLater({ flush: fail, terminate: fail })
    flushLater(writer('other'))
  })
  t.strictSame(log, ['written other'])
})

t.test('what the receivers of the next tick send is written in that tick', async (t) => {
  const { log, come, writer } = stage({ a: () => flushLater(writer('of a')) })
  come('a')
  await tick()
  t.strictSame(log, ['a', 'written of a'])
})

t.test('what is sent late is written when the chunks of all connections are read', async (t) => {
  const late = (name: string) => sendLate(() => t.equal(flushLater(writer(name)), true))
  const { log, come, writer } = stage({ a: () => late('of a'), b: () => late('of b') })
  read(() => {
    come('a')
    t.equal(flushLater(writer('of the read')), false)
  })
  read(() => come('b'))
  await tick()
  t.strictSame(log, ['a', 'written of the read', 'b'], 'not yet')
  await nextLoop()
  t.strictSame(log.splice(0), ['a', 'written of the read', 'b', 'written of a', 'written of b'])
  late('outside a read')
  await nextLoop()
  t.strictSame(log, ['written outside a read'])
})

t.test('a writer that throws late ends its own connection, and the others are written', async (t) => {
  const { log, writer } = stage()
  const fail = () => {
    throw new Error('broken')
  }
  t.throws(() => sendLate(fail))
  t.notOk(isSendingLate())
  sendLate(() => {
    t.ok(isSendingLate())
    flushLater(writer('one', fail))
    flushLater(writer('other'))
  })
  await nextLoop()
  t.strictSame(log, ['written one', 'terminated one: broken', 'written other'])
})
