import { createElement } from 'react'
import t from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useNamespace } from '../../../../plugin/client/react/use-namespace.js'
import { usePresence } from '../../../../plugin/client/react/use-presence.js'
import { createFakeClient, createFakeJoined } from './fake-client.js'
import { mount } from './react-harness.js'

const ada = { key: 'ada', devices: 1, meta: null }
const bob = { key: 'bob', devices: 1, meta: null }
const stateOf = (...entries: unknown[]) => ({ entries, more: 0 }) as never
const changeOf = (change: object) => ({ joined: [], left: [], updated: [], more: 0, ...change }) as never

/** A component that shows who is here. */
function createPeople() {
  const shown: string[] = []
  const People = ({ joined, room }: { joined: AnyJoined; room?: string | undefined }) => {
    const { entries, more } = usePresence(joined, room)
    shown.push(`${entries.map(({ key, devices }) => key + devices).join()} +${more}`)
    return null
  }
  return { shown, People }
}

t.test(
  'usePresence() shows who is here while it is mounted, and asks if the namespace was joined before',
  async (t) => {
    const { joined, emit, calls, setState, listening } = createFakeJoined()
    const { shown, People } = createPeople()
    setState({ status: 'joined', recovered: false })
    const { settle, unmount } = await mount(t, People, { joined }, true)
    t.match(calls.at(-1), { event: 'presence:follow', payload: undefined })
    await settle(() => emit('presence:change', changeOf({ joined: [bob] })))
    t.equal(shown.at(-1), ' +0', 'a change before the state is no news')
    await settle(() => emit('presence:state', stateOf(ada, bob)))
    t.equal(shown.at(-1), 'ada1,bob1 +0')
    await settle(() => emit('presence:change', changeOf({ left: ['bob'], updated: [{ ...ada, devices: 2 }], more: 3 })))
    t.equal(shown.at(-1), 'ada2 +3')
    await settle(() => calls.at(-1)?.fail(new Error('an older server')))
    await settle(() => setState({ status: 'left' }))
    t.equal(shown.at(-1), ' +0')
    await unmount()
    t.equal(listening('presence:state'), 0)
  },
)

t.test('usePresence() of a room shows those in the room, of another one after another render', async (t) => {
  const { joined, emit, calls } = createFakeJoined()
  const { shown, People } = createPeople()
  const { settle, render } = await mount(t, People, { joined, room: 'ticket/1' } as {
    joined: AnyJoined
    room?: string
  })
  t.strictSame(calls, [], 'where the namespace is not joined yet, the server will tell')
  await settle(() => emit('presence:state', { room: 'ticket/1', ...(stateOf(ada) as object) } as never))
  t.equal(shown.at(-1), 'ada1 +0')
  await settle(() => emit('presence:state', stateOf(ada, bob)))
  t.equal(shown.at(-1), 'ada1 +0')
  await settle(() => emit('gap', 'dropped' as never))
  t.equal(shown.at(-1), 'ada1 +0')
  await settle(() => emit('room:left', { room: 'ticket/2' } as never))
  t.equal(shown.at(-1), 'ada1 +0')
  await render({ joined })
  t.equal(shown.at(-1), ' +0')
  await settle(() => emit('presence:state', stateOf(bob)))
  t.equal(shown.at(-1), 'bob1 +0')
})

t.test(
  'usePresence() of a namespace that the same component joins asks when others have joined it before',
  async (t) => {
    const { client, joins } = createFakeClient()
    const { shown, People } = createPeople()
    const Page = ({ isShown }: { isShown: boolean }) => {
      const joined = useNamespace(client, '/chat')
      return isShown ? createElement(People, { joined }) : null
    }
    const { settle, render } = await mount(t, Page, { isShown: false })
    await settle(() => joins[0]?.setState({ status: 'joined', recovered: false }))
    await render({ isShown: true })
    t.match(joins[0]?.calls.at(-1), { event: 'presence:follow' })
    await settle(() => joins[0]?.emit('presence:state', stateOf(ada)))
    t.equal(shown.at(-1), 'ada1 +0')
  },
)
