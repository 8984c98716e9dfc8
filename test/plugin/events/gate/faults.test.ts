import type { Test } from 'tap'
import { gateOf } from '../../../../plugin/events/gate/socket-gate.js'
import { chunkOf, enter, inBothModes, stage } from '../../fast-path-harness.js'
import { logLines } from '../../harness.js'

/*
 * A fault in the plugin itself ends one connection.
 */

inBothModes(
  'a gate that throws ends its own connection with a log line; other connections are answered',
  async (t: Test, fast: boolean) => {
    const { lines, logger } = logLines()
    const definition = { events: { echo: { handler: (payload: unknown) => payload } } }
    const { app, port, wire, socket } = await stage(t, definition, { fast }, { logger })
    const other = await enter(t, app, port)
    const gate = gateOf(socket)
    if (!gate) throw new Error('the socket has no gate')
    gate.receive = () => {
      throw new Error('a fault')
    }
    wire.tcp.write(chunkOf('42/chat,1["echo",1]', '42/chat,2["echo",2]'))
    other.wire.say('42/chat,1["echo",3]')
    t.equal(await other.wire.next(), '43/chat,1[{"ok":true,"data":3}]')
    t.match(await wire.next(), { closed: 1005 })
    const failures = lines.filter(({ msg }) => msg === 'event failed')
    t.match(failures, [{ namespace: '/chat', err: { message: 'a fault' } }, {}])
  },
)
