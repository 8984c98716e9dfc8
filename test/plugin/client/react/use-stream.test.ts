import t from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useStream } from '../../../../plugin/client/react/use-stream.js'
import { createFakeJoined } from './fake-client.js'
import { mount } from './react-harness.js'

type Shown = ReturnType<typeof useStream>

interface Props {
  readonly joined: AnyJoined
  readonly payload?: unknown
  readonly limit?: number
  readonly credits?: number
}

/** A component that shows a stream, and what it has shown. */
function createTail() {
  const shown: Shown[] = []
  let wake = () => {}
  const Tail = ({ joined, payload = 'all', ...options }: Props) => {
    shown.push(useStream(joined, 'log:tail', payload, options))
    wake()
    return null
  }
  const now = () => shown.at(-1) as Shown
  /** Resolves when what is shown is so. */
  const until = async (holds: (now: Shown) => boolean) => {
    while (!holds(now())) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { Tail, shown, now, until }
}

t.test('useStream() shows the items of a stream, and what its handler returns', async (t) => {
  const { Tail, now, until, shown } = createTail()
  const { joined, streams } = createFakeJoined()
  await mount(t, Tail, { joined, credits: 8 })
  t.match(streams, [{ event: 'log:tail', payload: 'all', options: { credits: 8 } }])
  t.match(now(), { items: [], result: undefined, error: undefined, isDone: false })

  streams[0]?.push('a', 'b')
  await until(({ items }) => items.length === 2)
  t.equal(shown.length, 2, 'items that arrive together are shown by one render')
  streams[0]?.push('c')
  streams[0]?.answer('end')
  await until(({ isDone }) => isDone)
  t.match(now(), { items: ['a', 'b', 'c'], result: 'end', error: undefined })
})

t.test('it shows why a stream has failed, with the items before', async (t) => {
  const { Tail, now, until } = createTail()
  const { joined, streams } = createFakeJoined()
  await mount(t, Tail, { joined })
  const error = new Error('LOG_GONE')
  streams[0]?.push('a')
  streams[0]?.fail(error)
  await until(({ isDone }) => isDone)
  t.strictSame([now().items, now().error], [['a'], error])
})

t.test('it keeps the newest items, up to its limit', async (t) => {
  const { Tail, now, until } = createTail()
  const { joined, streams } = createFakeJoined()
  await mount(t, Tail, { joined, limit: 2 })
  streams[0]?.push(1, 2, 3)
  await until(({ items }) => items.length > 0)
  t.strictSame(now().items, [2, 3])
  streams[0]?.push(4)
  await until(({ items }) => items.includes(4))
  t.strictSame(now().items, [3, 4])
})

t.test('a cancelled stream keeps its items, and can be started again', async (t) => {
  const { Tail, now, until } = createTail()
  const { joined, streams } = createFakeJoined()
  const { settle } = await mount(t, Tail, { joined })
  streams[0]?.push('a')
  await until(({ items }) => items.length === 1)
  await settle(() => now().cancel())
  t.equal(streams[0]?.isCancelled, true)
  t.match(now(), { items: ['a'], error: undefined, isDone: true })
  await settle(() => now().cancel())

  await settle(() => now().restart())
  t.match(now(), { items: [], isDone: false })
  streams[0]?.push('late')
  streams[1]?.push('b')
  await until(({ items }) => items.length === 1)
  t.strictSame(now().items, ['b'])
})

t.test('another payload opens another stream, an equal one does not', async (t) => {
  const { Tail, now, shown, until } = createTail()
  const { joined, streams } = createFakeJoined()
  const { render } = await mount(t, Tail, { joined, payload: { level: 'info' } })
  streams[0]?.push('a')
  await until(({ items }) => items.length === 1)
  await render({ joined, payload: { level: 'info' } })
  t.equal(streams.length, 1)
  const before = shown.length
  await render({ joined, payload: { level: 'warn' } })
  t.equal(streams.length, 2)
  t.equal(streams[0]?.isCancelled, true)
  t.match(now(), { items: [], isDone: false })
  t.same(
    shown.slice(before).flatMap(({ items }) => items),
    [],
    'no item of the former is shown',
  )
})

t.test('in StrictMode one stream stays open, and an unmount ends it', async (t) => {
  const { Tail } = createTail()
  const { joined, streams } = createFakeJoined()
  const { unmount } = await mount(t, Tail, { joined }, true)
  t.equal(streams.filter(({ isCancelled }) => !isCancelled).length, 1)
  await unmount()
  t.equal(streams.filter(({ isCancelled }) => !isCancelled).length, 0)
})
