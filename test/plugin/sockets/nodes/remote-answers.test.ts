import { Server } from 'socket.io'
import t from 'tap'
import { encodeArguments } from '../../../../plugin/sockets/nodes/event-text.js'
import { createNodeRequests } from '../../../../plugin/sockets/nodes/node-requests.js'
import { answerNodes } from '../../../../plugin/sockets/nodes/remote-answers.js'
import { REMOTE_KINDS } from '../../../../plugin/sockets/nodes/remote-kinds.js'

const run = <Result>(call: () => Result) => call()

t.test('an address that is not live here is answered with nobody', async (t) => {
  const answers = new Map<string, (data: unknown) => unknown>()
  const requests = {
    tell: () => {},
    ask: async () => {},
    answer: (kind: string, call: (data: unknown) => unknown) => void answers.set(kind, call),
  }
  const io = new Server()
  answerNodes(io, requests, { skip: run })
  const target = ['/nowhere', [], [], {}]
  t.strictSame(await answers.get(REMOTE_KINDS.ask)?.([target, encodeArguments(['n']), 10]), [0, encodeArguments([])])
  t.equal(await answers.get(REMOTE_KINDS.disconnect)?.([target, true]), undefined)
  // Nobody is here, and nobody is waited for.
  io.of('/here')
  const here = ['/here', [], [], {}]
  t.strictSame(await answers.get(REMOTE_KINDS.ask)?.([here, encodeArguments(['n']), 10_000]), [0, encodeArguments([])])
})

t.test('a node that answers twice counts once', async (t) => {
  const handlers = new Map<string, (from: string, data: unknown) => void>()
  const sent: unknown[][] = []
  const link = {
    id: 'own',
    send: (kind: string, data: unknown) => void sent.push([kind, data]),
    on: (kind: string, handle: (from: string, data: unknown) => void) => void handlers.set(kind, handle),
    others: async () => ({ count: 2, names: ['one', 'two'] }),
  }
  const requests = createNodeRequests(link, undefined as never, () => {})
  const heard: unknown[] = []
  const asked = requests.ask('fetch', null, 10_000, (answer) => {
    heard.push(answer)
    return false
  })
  await new Promise(setImmediate)
  const [[, request] = []] = sent as [string, unknown[]][]
  const answer = (from: string, value: number) => handlers.get('answer')?.(from, [request?.[0], value])
  answer('one', 1)
  answer('one', 2)
  answer('two', 3)
  await asked
  t.strictSame(heard, [1, 3])
})
