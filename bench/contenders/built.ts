import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { AnyNamespaceDefinition } from '../../plugin/index.js'
import { createStartUpSchema, namespacesOf, startUpEventsOf } from '../application.js'
import { type Message, replySchema } from '../message.js'
import type { Scenario } from '../scenarios.js'

/*
 * Loads this package as users do: the bundle in dist/, imported by the package's own name.
 */

export type Plugin = typeof import('../../plugin/index.js')

// Not a literal, because it has no types before `npm run build`.
const self: string = 'fastify-namespaces'

// Loaded before the start-up time is measured, as the packages of all contenders are.
export const plugin = (await import(self)) as Plugin

/** The hundred definitions of the start-up scenario, by name. */
export function defineMany(scenario: Scenario): Record<string, AnyNamespaceDefinition> {
  const handler = (message: unknown) => ({ id: (message as Message).id, ok: true })
  const define = (name: string) => ({
    events: Object.fromEntries(
      startUpEventsOf(name).map((each) => [
        each.event,
        { payload: createStartUpSchema(each), reply: replySchema, handler },
      ]),
    ),
  })
  return Object.fromEntries(namespacesOf(scenario).map((name) => [name, define(name)]))
}

/** Listens on a free port of the loopback interface, and resolves to the port. */
export async function listenWith(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  return (app.server.address() as AddressInfo).port
}
