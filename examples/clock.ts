import { defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/** Emits the time each second while a socket is joined. Without sockets no timer runs, and the timer does not keep the process alive. */
export function createClock() {
  let timer: NodeJS.Timeout | undefined
  return defineNamespace({
    description: 'The time, once a second',
    emits: { 'clock:tick': { payload: Type.String({ format: 'date-time' }) } },
    onConnect: ({ namespace, emit }) => {
      emit('clock:tick', new Date().toISOString())
      timer ??= setInterval(() => namespace.emit('clock:tick', new Date().toISOString()), 1000).unref()
    },
    onDisconnect: ({ namespace }) => {
      if (namespace.sockets.size > 0) return
      clearInterval(timer)
      timer = undefined
    },
  })
}
