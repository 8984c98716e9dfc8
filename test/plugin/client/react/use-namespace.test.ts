import { createElement, useLayoutEffect } from 'react'
import { renderToString } from 'react-dom/server'
import t from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useNamespace } from '../../../../plugin/client/react/use-namespace.js'
import { createChat } from './chat-component.js'
import { mount } from './react-harness.js'

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
