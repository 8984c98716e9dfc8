import t from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { CallError } from '../../../../plugin/client/call-error.js'
import { useRoom } from '../../../../plugin/client/react/use-room.js'
import { createFakeJoined } from './fake-client.js'
import { mount } from './react-harness.js'

/** A joined namespace, and the names of the rooms that it has left. */
function createDesk() {
  const left: unknown[] = []
  const fake = createFakeJoined('/desk')
  const socket = { emit: (_event: string, name: string) => left.push(name) }
  return { ...fake, joined: { ...fake.joined, socket: socket as never }, left }
}

t.test('useRoom() joins while it is mounted, and shows where the room stands', async (t) => {
  const { joined, calls, left } = createDesk()
  const shown: string[] = []
  const Ticket = ({ joined, id }: { joined: AnyJoined; id: number }) => {
    shown.push(useRoom(joined, 'ticket/:id', { id }).status)
    return null
  }
  const { settle, render, unmount } = await mount(t, Ticket, { joined, id: 1 }, true)
  t.equal(calls.at(-1)?.payload, 'ticket/1')
  t.strictSame(left, [], 'StrictMode leaves and joins at once')
  await settle(() => calls.at(-1)?.answer(undefined))
  t.equal(shown.at(-1), 'joined')
  await render({ joined, id: 2 })
  t.equal(shown.at(-1), 'joining')
  t.equal(calls.at(-1)?.payload, 'ticket/2')
  t.strictSame(left, ['ticket/1'])
  await settle(() => calls.at(-1)?.fail(new CallError({ code: 'CLOSED', statusCode: 403, message: 'Closed' })))
  t.equal(shown.at(-1), 'refused')
  await unmount()
  t.strictSame(left, ['ticket/1', 'ticket/2'])
})
