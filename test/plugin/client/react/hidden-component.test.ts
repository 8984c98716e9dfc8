import { Activity, createElement } from 'react'
import t, { type Test } from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useNamespace } from '../../../../plugin/client/react/use-namespace.js'
import { createChat } from './chat-component.js'
import { createFakeClient } from './fake-client.js'
import { mount } from './react-harness.js'

/*
 * Components that React 19 hides with `Activity`.
 */

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
