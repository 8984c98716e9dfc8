import t from 'tap'
import { connectionStateOf, type EventReceiver } from '../../../plugin/wire/connection-state.js'
import { addReceiver, findReceiver, removeReceiver } from '../../../plugin/wire/event-receivers.js'

function createReceiver(namespace: string, events: readonly string[]): EventReceiver {
  return { namespace, knows: (event) => events.includes(event), receive() {}, abort() {} }
}

const find = (connection: object, namespace: string, event: string) =>
  findReceiver(connectionStateOf(connection).receivers, namespace, event)

t.test('an event is found by its namespace and name, on its own connection', async (t) => {
  const [connection, other] = [{}, {}]
  const [root, chat] = [createReceiver('/', ['a']), createReceiver('/chat', ['a', 'b'])]
  addReceiver(connection, root)
  addReceiver(connection, chat)
  t.equal(find(connection, '/', 'a'), root)
  t.equal(find(connection, '/chat', 'a'), chat)
  t.equal(find(connection, '/chat', 'b'), chat)
  t.equal(find(connection, '/', 'b'), undefined, 'not declared there')
  t.equal(find(connection, '/none', 'a'), undefined)
  t.equal(find(other, '/', 'a'), undefined)
})

t.test('a receiver that was removed is not found, the others still are', async (t) => {
  const connection = {}
  const [root, chat] = [createReceiver('/', ['a']), createReceiver('/chat', ['a'])]
  addReceiver(connection, root)
  addReceiver(connection, chat)
  removeReceiver(connection, root)
  t.equal(find(connection, '/', 'a'), undefined)
  t.equal(find(connection, '/chat', 'a'), chat)
  removeReceiver({}, root)
})

t.test('of two sockets that join one namespace after another, the one that is there receives', async (t) => {
  const connection = {}
  const [first, second] = [createReceiver('/', ['a']), createReceiver('/', ['a'])]
  addReceiver(connection, first)
  removeReceiver(connection, first)
  addReceiver(connection, second)
  t.equal(find(connection, '/', 'a'), second)
})
