import t from 'tap'
import { createPresenceLink } from '../../../../plugin/sockets/nodes/presence-link.js'
import { build } from '../../harness.js'

/*
 * The way of presence to the other nodes.
 */

t.test(
  'with a broker of the plugin, presence goes by its messages; without other nodes, it goes nowhere',
  async (t) => {
    const app = await build(t)
    const sent: unknown[] = []
    const handlers = new Map<string, (from: string, ...data: unknown[]) => void>()
    const messages = {
      send: (...message: unknown[]) => void sent.push(message),
      on: (kind: string, handle: (from: string, ...data: unknown[]) => void) => void handlers.set(kind, handle),
    }
    const link = createPresenceLink(app.io, { id: 'own', messages }, {} as never)
    t.equal(link?.id, 'own')
    link?.send('other', ['ask'])
    link?.send(undefined, ['farewell'])
    link?.receive((from, message) => sent.push([from, message]))
    handlers.get('presence')?.('other', ['hello', []])
    t.strictSame(sent, [
      ['other', 'presence', ['ask']],
      [undefined, 'presence', ['farewell']],
      ['other', ['hello', []]],
    ])
    t.equal(createPresenceLink(app.io, undefined, {} as never), undefined)
  },
)
