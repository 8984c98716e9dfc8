import t, { type Test } from 'tap'
import type { LogPart, PlacedEntry } from '../../../../plugin/adapters/broker.js'
import { KeptLog } from '../../../../plugin/adapters/cluster/kept-log.js'
import { LogBatch, readHead, writeBody } from '../../../../plugin/adapters/log/log-body.js'
import { emitFields } from '../../../../plugin/adapters/log/log-item.js'
import { parseOffset } from '../../../../plugin/adapters/log/log-position.js'
import { LogSegments } from '../../../../plugin/adapters/log/log-segments.js'
import { LogRing } from '../../../../plugin/adapters/ring/log-ring.js'
import { RingMemory } from '../../../../plugin/adapters/ring/ring-memory.js'

/*
 * The ring of a log, and the log that it reads when it has to. Two nodes read the same log, each with its own ring.
 */

// covers() waits without keeping the process alive.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const EMPTY: LogPart = { entries: [], hasGap: false }

/** The body of an entry with one emit to an address, which has a number. */
function bodyOf(epoch: string, address: string, number: unknown, again?: string): string {
  const batch = new LogBatch()
  batch.add(address, emitFields([`2${address},["n",${number}]`], { rooms: new Set() }), true)
  return writeBody(epoch, batch.toText(), { again })
}

interface TestRing {
  readonly ring: LogRing
  readonly segments: LogSegments
  readonly clock: { now: number }
  readonly log: KeptLog
  /** One for each emit that can't be read. */
  readonly dropped: readonly number[]
  /** Appends an emit to the log, and reads it. Returns its offset. */
  emit(address: string, number: number, again?: string): string
  read(entry: PlacedEntry, epoch: string): void
  /** The numbers of the emits to an address after an offset; undefined if it is not covered. */
  missed(address: string, offset: string): Promise<unknown[] | undefined>
  state: { epoch: string; read: (part: LogPart) => LogPart | undefined }
}

function createRing({
  limit = 0,
  memory = new RingMemory(limit),
  windowMs = 1_000,
  log = new KeptLog(1_000_000),
  node = 'node',
} = {}): TestRing {
  const dropped: number[] = []
  const clock = { now: 10_000 }
  const state: TestRing['state'] = { epoch: 'one', read: (part) => part }
  const segments = new LogSegments(() => clock.now)
  const broker = {
    async read(_log: number, after: string, most: number) {
      const part = state.read(log.read(after, Math.min(most, 2)))
      if (!part) throw new Error('The broker is away')
      return part
    },
  }
  const ring = new LogRing({
    number: 0,
    broker,
    segments,
    windowMs,
    memory,
    drop: () => dropped.push(1),
    now: () => clock.now,
  })
  segments.begin('one', log.end)
  ring.begin()
  let last = 0
  const read = (entry: PlacedEntry, epoch: string) => {
    const head = readHead(entry.body)
    segments.read(entry.position, head, epoch)
    if (head) ring.add(entry, head)
  }
  return {
    ring,
    segments,
    clock,
    log,
    dropped,
    state,
    read,
    emit(address, number, again) {
      const entry = { node, number: ++last, body: bodyOf(state.epoch, address, number, again) }
      const placed = log.append(entry, clock.now, 1_000_000)
      read(placed, state.epoch)
      return `${state.epoch}.${placed.position}.0`
    },
    async missed(address, offset) {
      if (!(await ring.covers(address, offset))) return undefined
      return ring.emitsAfter(address, offset)?.map(({ item }) => Number(/(\d+)\]$/.exec(item.text)?.[1]))
    },
  }
}

t.test('what was emitted after an offset is there, until it is older than the window or too long', async (t: Test) => {
  const { emit, missed, clock } = createRing()
  const first = emit('/chat', 1)
  emit('/chat', 2)
  emit('/other', 3)
  t.strictSame(await missed('/chat', 'one.0.999999999'), [1, 2])
  t.strictSame(await missed('/chat', first), [2])
  clock.now += 2_000
  const last = emit('/chat', 4)
  t.strictSame(await missed('/chat', last), [])
  t.strictSame(await missed('/chat', 'one.2.0'), [4], 'nothing after it was dropped')
  const short = createRing({ limit: 100 })
  const begin = short.emit('/chat', 1)
  for (const number of [2, 3, 4, 5]) short.emit('/chat', number)
  short.state.read = () => undefined
  t.equal(await short.missed('/chat', begin), undefined)
})

t.test('an address without emits is covered, however often those of others turn the log over', async (t: Test) => {
  const { emit, missed, clock, state } = createRing()
  state.read = () => undefined
  const quiet = emit('/quiet', 1)
  for (let round = 0; round < 5; round++) {
    clock.now += 2_000
    emit('/busy', round)
  }
  t.strictSame(await missed('/quiet', quiet), [])
  t.equal(await missed('/busy', quiet), undefined)
  t.equal(await missed('/quiet', 'one.0.0'), undefined, 'its own emit was dropped')
})

t.test('of more addresses than are remembered, the earliest are forgotten together', async (t: Test) => {
  const { emit, missed, clock, state } = createRing()
  state.read = () => undefined
  const quiet = emit('/quiet', 0)
  for (let index = 0; index <= 10_001; index++) emit(`/busy/${index}`, index)
  clock.now += 2_000
  const last = emit('/quiet', 1)
  t.equal(await missed('/quiet', quiet), undefined)
  t.strictSame(await missed('/quiet', last), [])
})

t.test('an offset of the new epoch says nothing before an entry that was appended again', async (t: Test) => {
  const { segments, state, emit, missed, clock, log } = createRing()
  const seen = emit('/chat', 1)
  emit('/chat', 2)
  log.rollBack()
  segments.split('two')
  state.epoch = 'two'
  const before = emit('/chat', 3)
  const again = emit('/chat', 2, 'one.2.0')
  const after = emit('/chat', 4)
  clock.now += 5_000
  t.equal(await missed('/chat', before), undefined)
  t.strictSame(await missed('/chat', again), [4])
  t.strictSame(await missed('/chat', after), [])
  t.equal(await missed('/chat', 'one.3.0'), undefined, 'a place that this node has not read before the loss')
  t.equal(await missed('/chat', 'two.9.0'), undefined, 'a place that is not there')
  t.equal(await missed('/chat', 'three.1.0'), undefined)
  t.equal(await missed('/chat', 'x'), undefined)
  clock.now -= 5_000
  t.strictSame(await missed('/chat', seen), [2, 3, 2, 4], 'a client of before the loss')
})

t.test('an offset of another node waits until this one has read so far', async (t: Test) => {
  const log = new KeptLog(1_000_000)
  const one = createRing({ log })
  const other = createRing({ log })
  const [entry] = [log.append({ node: 'x', number: 1, body: bodyOf('one', '/chat', 1) }, 0, 1_000_000)]
  one.read(entry, 'one')
  const missed = other.missed('/chat', 'one.1.0')
  setImmediate(() => other.read(entry, 'one'))
  t.strictSame(await missed, [])
})

t.test('soon after a loss it waits for what others append again', async (t: Test) => {
  const { segments, state, emit, missed, clock } = createRing()
  emit('/chat', 1)
  segments.split('two')
  state.epoch = 'two'
  const offset = emit('/chat', 2)
  const waiting = missed('/chat', offset)
  setImmediate(() => {
    clock.now += 4_000
  })
  t.strictSame(await waiting, [])
})

t.test('what is older than the ring is read from the log, once', async (t: Test) => {
  const log = new KeptLog(1_000_000)
  for (let number = 1; number <= 5; number++) {
    log.append({ node: 'x', number, body: bodyOf('one', '/chat', number) }, 0, 1_000_000)
  }
  log.append({ node: 'x', number: 5, body: bodyOf('one', '/chat', 5) }, 0, 1_000_000)
  const { missed, emit, state, read } = createRing({ log })
  emit('/chat', 6)
  read(log.append({ node: 'x', number: 5, body: bodyOf('one', '/chat', 5) }, 0, 1_000_000), 'one')
  t.strictSame(await missed('/chat', 'one.2.0'), [3, 4, 5, 6], 'what is twice in the log is there once')
  state.read = () => undefined
  t.strictSame(await missed('/chat', 'one.3.0'), [4, 5, 6])
  t.equal(await missed('/chat', 'one.1.0'), undefined, 'the broker is away')
  state.read = (part) => ({ ...part, hasGap: true })
  t.equal(await missed('/chat', 'one.1.999999999'), undefined, 'it is gone')
  state.read = () => EMPTY
  t.equal(await missed('/chat', 'one.1.0'), undefined, 'its entry is not there')
  t.strictSame(await missed('/chat', 'one.1.999999999'), [2, 3, 4, 5, 6], 'there is nothing between')
})

t.test(
  'nothing is read that is too long, that was appended again, or while the log is followed anew',
  async (t: Test) => {
    const log = new KeptLog(1_000_000)
    for (let number = 1; number <= 5; number++) {
      log.append(
        { node: 'x', number, body: bodyOf('one', '/chat', number, number === 2 ? '-' : undefined) },
        0,
        1_000_000,
      )
    }
    t.equal(await createRing({ log, limit: 50 }).missed('/chat', 'one.3.0'), undefined)
    const { ring, missed, state, segments } = createRing({ log })
    t.equal(await missed('/chat', 'one.1.0'), undefined)
    state.read = (part) => {
      ring.begin()
      return part
    }
    t.equal(await missed('/chat', 'one.3.0'), undefined)
    segments.split('two')
    ring.lose()
    t.equal(await missed('/chat', 'one.3.0'), undefined)
  },
)

t.test('after a gap, the next entry is where the ring begins', async (t: Test) => {
  const { ring, emit, missed, state } = createRing()
  const before = emit('/chat', 1)
  ring.lose()
  state.read = () => undefined
  const first = emit('/chat', 2)
  emit('/chat', 3)
  t.equal(await missed('/chat', before), undefined)
  t.strictSame(await missed('/chat', first), [3])
  t.equal(ring.emitsAfter('/chat', before), undefined)
})

t.test('places of two epochs can be compared, those of an unknown one can not', async (t: Test) => {
  const { ring, segments, state, emit } = createRing()
  const first = emit('/chat', 1)
  for (let epoch = 0; epoch < 20; epoch++) segments.split(`epoch ${epoch}`)
  t.equal(ring.later(first, 'epoch 19.1.0'), undefined, 'it is too long ago')
  state.epoch = 'epoch 19'
  const last = emit('/chat', 2)
  t.equal(ring.later('epoch 18.9.0', last), last)
  t.equal(ring.later(last, 'epoch 18.9.0'), last)
  t.equal(ring.later(last, ''), undefined)
  const [emitted] = ring.emitsAfter('/chat', 'epoch 18.0.0') ?? []
  const isAfter = (offset: string) => {
    const parsed = parseOffset(offset)
    return parsed && emitted?.isAfter(parsed)
  }
  t.equal(isAfter(first), true)
  t.equal(isAfter('epoch 18.9.0'), true)
  t.equal(isAfter(last), false)
})

t.test('of the entry of an offset, only what is behind it is missing', async (t: Test) => {
  const log = new KeptLog(1_000_000)
  const batch = new LogBatch()
  for (const number of [1, 2, 3]) batch.add('/chat', emitFields([`2/chat,["n",${number}]`], { rooms: new Set() }), true)
  log.append({ node: 'x', number: 1, body: writeBody('one', batch.toText()) }, 0, 1_000_000)
  log.append({ node: 'x', number: 2, body: 'x' }, 0, 1_000_000)
  const { missed, emit } = createRing({ log })
  emit('/chat', 4)
  t.strictSame(await missed('/chat', 'one.1.1'), [3, 4])
  t.strictSame(await missed('/chat', 'one.1.999999999'), [4])
})

t.test('volatile emits, and what is no emit, are not missed', async (t: Test) => {
  const log = new KeptLog(1_000_000)
  const { read, missed } = createRing({ log })
  const batch = new LogBatch()
  batch.add('/chat', emitFields(['2/chat,["n",1]'], { rooms: new Set() }), true)
  batch.add('/chat', emitFields(['2/chat,["n",2]'], { rooms: new Set(), flags: { volatile: true } }), false)
  batch.add('/chat', ['l', [], [], []], false)
  batch.add('/chat', ['what'], false)
  read(log.append({ node: 'x', number: 1, body: writeBody('one', batch.toText()) }, 0, 1_000), 'one')
  t.strictSame(await missed('/chat', 'one.0.999999999'), [1])
})

t.test('the rings of a node share what they may keep: the oldest of all entries goes first', async (t: Test) => {
  const memory = new RingMemory(4 * bodyOf('one', '/chat', 1).length)
  const quiet = createRing({ memory })
  const busy = createRing({ memory })
  const away = () => undefined
  quiet.state.read = away
  busy.state.read = away
  const first = quiet.emit('/chat', 1)
  quiet.clock.now++
  quiet.emit('/chat', 2)
  busy.clock.now += 2
  const begin = busy.emit('/chat', 1)
  busy.emit('/chat', 2)
  t.strictSame(await quiet.missed('/chat', first), [2], 'all four fit')
  busy.emit('/chat', 3)
  t.strictSame(await quiet.missed('/chat', first), [2], 'only what is before is gone')
  busy.emit('/chat', 4)
  t.equal(await quiet.missed('/chat', first), undefined)
  t.strictSame(await busy.missed('/chat', begin), [2, 3, 4], 'one of them may need it all')
  quiet.ring.lose()
  busy.ring.lose()
  t.equal(memory.length, 0)
})

t.test('an emit that no client can read is dropped, and the others are there', async (t: Test) => {
  const { read, missed, log, dropped } = createRing()
  const batch = new LogBatch()
  for (const text of [
    '2/chat,["n",1]',
    '2/chat,[not json]',
    '2/other,["n",2]',
    '2["n",3]',
    '2/chat,[]',
    '2/chat,7["n",4]',
    '2/chat,["n",5]',
  ])
    batch.add('/chat', emitFields([text], { rooms: new Set() }), true)
  batch.add('/', emitFields(['2["n",6]'], { rooms: new Set() }), true)
  read(log.append({ node: 'x', number: 1, body: writeBody('one', batch.toText()) }, 0, 1_000), 'one')
  t.strictSame(await missed('/chat', 'one.0.999999999'), [1, 5])
  t.strictSame(await missed('/', 'one.0.999999999'), [6])
  t.equal(dropped.length, 5)
  t.strictSame(await missed('/chat', 'one.0.999999999'), [1, 5])
  t.equal(dropped.length, 5, 'it is read once')
})

t.test('what many emits have left is read in bites, between which others have their turn', async (t: Test) => {
  const { read, missed, log } = createRing()
  for (let entry = 1; entry <= 100; entry++) {
    const batch = new LogBatch()
    for (let each = 0; each < 1_000; each++)
      batch.add('/chat', emitFields(['2/chat,["n",1]'], { rooms: new Set() }), true)
    read(log.append({ node: 'x', number: entry, body: writeBody('one', batch.toText()) }, 0, 1_000_000), 'one')
  }
  let turns = 0
  const turn = () => {
    turns++
    waiting = setImmediate(turn)
  }
  let waiting = setImmediate(turn)
  const emits = await missed('/chat', 'one.0.999999999')
  clearImmediate(waiting)
  t.equal(emits?.length, 100_000)
  t.ok(turns > 2, `${turns} turns`)
})
