import { createClient } from 'fastify-namespaces/client'
import type { Definitions } from '../server/server.js'

/** One client for the whole page, and so one WebSocket. */
export const client = createClient<Definitions>(location.origin)

client.warnBeforeUnload()
