import Fastify from 'fastify'
import { Type } from 'typebox'
import namespaces, { defineNamespace, type EmitOutbox } from '../../../../plugin/index.js'
import { createPostgresOutbox } from '../../../../plugin/stores.js'

/*
 * A node in a process of its own, with an outbox. `role`: it reads the outbox, it does not, or it stops when the broker has what it has read, and
 * before that is noted.
 */

const { url, prefix, adapter, role, recovery } = JSON.parse(String(process.env.OUTBOX_NODE))

function playing(outbox: EmitOutbox): EmitOutbox {
  return {
    ...outbox,
    open: (delivery, log) =>
      outbox.open(
        {
          get isReady() {
            return role !== 'idle' && delivery.isReady
          },
          begin(mark) {
            const turn = delivery.begin(mark)
            if (role !== 'stopping') return turn
            return {
              isNew: turn.isNew,
              isLost: turn.isLost,
              get mark() {
                return turn.mark
              },
              rewind: turn.rewind,
              async deliver(...given) {
                await turn.deliver(...given)
                process.send?.('delivered')
                return await new Promise(() => {})
              },
            }
          },
        },
        log,
      ),
  }
}

const room = defineNamespace({ emits: { told: { payload: Type.Object({ tx: Type.Integer() }) } } })
const app = Fastify()
await app.register(namespaces, {
  adapter,
  outbox: playing(createPostgresOutbox({ url, prefix })),
  namespaces: { '/orders': room, '/rooms/:id': room },
  ...(recovery && { io: { connectionStateRecovery: {} } }),
})
process.on('disconnect', () => process.exit())
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }))
