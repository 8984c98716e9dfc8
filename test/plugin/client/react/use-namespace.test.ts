import { Activity, createElement, useLayoutEffect } from 'react'
import { renderToString } from 'react-dom/server'
import t, { type Test } from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useEvent } from '../../../../plugin/client/react/use-event.js'
import { useJoinState } from '../../../../plugin/client/react/use-join-state.js'
import { useNamespace } from '../../../../plugin/client/react/use-namespace.js'
import { createFakeClient } from './fake-client.js'
import { mount } from './react-harness.js'

/** A component that joins, listens and shows the state. */
function createChat() {
  const { client, joins } = createFakeClient()
  const shown: string[] = []
  const heard: unknown[] = []
  const all = new Set<AnyJoined>()
  interface Props {
    readonly params?: Readonly<Record<string, unknown>>
    readonly auth?: object
    readonly label?: string
  }
  function Chat({ params, auth, label = '' }: Props) {
    const chat = useNamespace(client, '/chat', params, auth && { auth })
    all.add(chat)
    shown.push(useJoinState(chat).status)
    return createElement(Listener, { chat, label })
  }
  function Listener({ chat, label }: { chat: AnyJoined; label: string }) {
    useEvent(chat, 'message:new', (text: string) => heard.push(label + text))
    return null
  }
  const latest = (list = joins) => list.at(-1) ?? t.bailout('no join')
  return { Chat, client, joins, shown, heard, all, latest: latest as () => (typeof joins)[number] }
}

for (const isStrict of [false, true]) {
  t.test(
    `a namespace is joined once while a component is mounted${isStrict ? ', in StrictMode, too' : ''}`,
    async (t) => {
      const { Chat, joins, shown, latest } = createChat()
      const { render, unmount, settle } = await mount(t, Chat, {}, isStrict)
      t.equal(joins.length, 1)
      await render({})
      t.equal(joins.length, 1)
      t.equal(latest().status, 'joining')
      await settle(() => latest().setState({ status: 'joined', recovered: false }))
      t.equal(shown.at(-1), 'joined')
      await unmount()
      t.equal(latest().status, 'left')
      t.equal(latest().listening('message:new'), 0)
      t.equal(joins.length, 1)
    },
  )
}

t.test('rendered on a server, a component joins nothing', async (t) => {
  const { Chat, joins, shown } = createChat()
  renderToString(createElement(Chat))
  t.same(shown, ['joining'])
  t.equal(joins.length, 0)
})

t.test('the component renders again when the state changes', async (t) => {
  const { Chat, shown, latest } = createChat()
  const { settle } = await mount(t, Chat, {})
  await settle(() => latest().setState({ status: 'joined', recovered: false }))
  await settle(() => latest().setState({ status: 'recovering', reason: 'transport close' }))
  t.strictSame(shown, ['joining', 'joined', 'recovering'])
})

t.test('other params are another namespace, which is joined before the former is left', async (t) => {
  const { Chat, joins, all } = createChat()
  const { render } = await mount(t, Chat, { params: { room: 'garden' } })
  await render({ params: { room: 'garden' } })
  t.equal(joins.length, 1, 'an equal object is the same namespace')
  const whenJoined: unknown[] = []
  joins.push = (...more) => {
    whenJoined.push(joins[0]?.status)
    return Array.prototype.push.apply(joins, more)
  }
  await render({ params: { room: 'kitchen' } })
  t.strictSame(
    joins.map(({ params }) => params),
    [{ room: 'garden' }, { room: 'kitchen' }],
  )
  t.strictSame(whenJoined, ['joining'])
  t.strictSame(
    joins.map(({ status }) => status),
    ['left', 'joining'],
  )
  t.equal(all.size, 2)
})

t.test('a join takes the options of the last render', async (t) => {
  const { Chat, latest } = createChat()
  await mount(t, Chat, { auth: { token: 'a' } })
  t.strictSame(latest().options, { auth: { token: 'a' } })
})

t.test('a listener is the one of the last render, and is added once', async (t) => {
  const { Chat, latest, heard } = createChat()
  const { render } = await mount(t, Chat, { label: 'a ' }, true)
  latest().emit('message:new', 'hi' as never)
  await render({ label: 'b ' })
  latest().emit('message:new', 'hi' as never)
  t.strictSame(heard, ['a hi', 'b hi'])
  t.equal(latest().listening('message:new'), 1)
})

t.test('a component that is hidden leaves, and joins again with its listeners when it is shown', async (t) => {
  const { Chat, joins, latest, heard, shown } = createChat()
  const Page = ({ mode }: { mode: 'visible' | 'hidden' }) =>
    createElement(Activity, { mode, children: createElement(Chat) })
  const { render } = await mount(t, Page, { mode: 'visible' })
  await render({ mode: 'hidden' })
  t.equal(latest().status, 'left')
  await render({ mode: 'visible' })
  t.equal(joins.length, 2)
  latest().emit('message:new', 'hi' as never)
  joins[0]?.emit('message:new', 'hi' as never)
  t.strictSame(heard, ['hi'])
  t.equal(shown.at(-1), 'joining')
})

/** Mounts a namespace, and gives it to the test. */
async function mountChat(t: Test) {
  const { client, joins } = createFakeClient()
  let chat: AnyJoined | undefined
  function Page({ mode }: { mode: 'visible' | 'hidden' }) {
    return createElement(Activity, { mode, children: createElement(Inner) })
  }
  function Inner() {
    chat = useNamespace(client, '/chat')
    return null
  }
  const { render } = await mount(t, Page, { mode: 'visible' } as { mode: 'visible' | 'hidden' })
  const comeAgain = async () => {
    await render({ mode: 'hidden' })
    await render({ mode: 'visible' })
  }
  const [first] = joins
  if (!chat || !first) throw new Error('not mounted')
  return { chat, first, joins, comeAgain }
}

t.test('what useNamespace() returns does all that a joined namespace does', async (t) => {
  const { chat, first, joins } = await mountChat(t)
  t.equal(chat.name, '/chat')
  t.equal(chat.address, '/chat/1')
  t.equal(chat.socket.id, '/chat')
  t.equal(await chat.ready, undefined)
  chat.send('message:send', 'hi')
  t.strictSame(first.sent, [['message:send', 'hi']])
  const answer = chat.call('message:send', 'hi', { timeoutMs: 5 })
  t.match(first.calls, [{ event: 'message:send', payload: 'hi', options: { timeoutMs: 5 } }])
  first.calls[0]?.answer('data')
  t.equal(await answer, 'data')
  chat.stream('log:tail', 'all', { credits: 2 })
  t.match(first.streams, [{ event: 'log:tail', payload: 'all', options: { credits: 2 } }])
  const offAnswer = chat.answer('who', () => 'me')
  t.equal(first.listening('answer who'), 1)
  offAnswer()
  t.equal(first.listening('answer who'), 0)
  const offGap = chat.onGap(() => undefined)
  t.equal(first.listening('gap'), 1)
  offGap()
  t.equal(first.listening('gap'), 0)
  chat.rejoin()
  t.equal(first.rejoins, 1)
  chat.leave()
  t.equal(first.status, 'left')
  t.equal(joins.length, 1)
})

t.test('off() removes a listener of on() and of once(), and no other', async (t) => {
  const { chat, first } = await mountChat(t)
  const one = () => undefined
  const other = () => undefined
  chat.on('a', one)
  chat.on('a', other)
  chat.once('b', one)
  chat.off('a', one)
  chat.off('b', one)
  t.equal(first.listening('a'), 1)
  t.equal(first.listening('b'), 0)
})

t.test('once() listens once, also if the namespace is joined again', async (t) => {
  const { chat, first, joins, comeAgain } = await mountChat(t)
  const heard: unknown[] = []
  chat.once('a', (value: string) => heard.push(value))
  chat.once('b', (value: string) => heard.push(value))
  first.emit('a', 'first' as never)
  await comeAgain()
  joins[1]?.emit('a', 'second' as never)
  joins[1]?.emit('b', 'second' as never)
  joins[1]?.emit('b', 'third' as never)
  t.strictSame(heard, ['first', 'second'])
})

t.test('a namespace that was left by hand is joined by the next mount', async (t) => {
  const { chat, joins, comeAgain } = await mountChat(t)
  chat.leave()
  await comeAgain()
  t.equal(joins.length, 2)
  t.equal(chat.state.getSnapshot().status, 'joining')
})

t.test('who watches the state hears of a new join', async (t) => {
  const { chat, first, comeAgain } = await mountChat(t)
  const seen: string[] = []
  const off = chat.state.subscribe(() => seen.push(chat.state.getSnapshot().status))
  first.setState({ status: 'joined', recovered: false })
  await comeAgain()
  t.strictSame(seen, ['joined', 'left', 'joining'])
  off()
  await comeAgain()
  t.equal(seen.length, 3)
})

t.test('before its component is mounted a namespace listens, and refuses to send', async (t) => {
  const { client, latest, joins } = createChat()
  const failed: string[] = []
  function Parent() {
    return createElement(Child, { chat: useNamespace(client, '/chat') })
  }
  function Child({ chat }: { chat: AnyJoined }) {
    useLayoutEffect(() => {
      if (joins.length > 0) return
      t.equal(chat.state.getSnapshot().status, 'joining')
      chat.on('early', () => undefined)
      chat.on('gone', () => undefined)()
      try {
        chat.send('message:send')
      } catch (error) {
        failed.push(String(error))
      }
    }, [chat])
    return null
  }
  await mount(t, Parent, {})
  t.match(failed, [/joins when its component mounts/])
  t.equal(latest().listening('early'), 1)
  t.equal(latest().listening('gone'), 0)
})
