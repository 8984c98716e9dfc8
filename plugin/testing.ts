import type { FastifyInstance } from 'fastify'
import type { ContractApp, ContractOptions } from './testing/contract/check-contract.js'
import type { ContractResult } from './testing/contract/contract-results.js'
import type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

export type { ContractApp, ContractJoin, ContractOptions } from './testing/contract/check-contract.js'
export type { ContractResult } from './testing/contract/contract-results.js'
export type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

/*
 * The subpath export `fastify-namespaces/testing`: injectSocket as a function, contract tests, and their types.
 */

/**
 * Joins a namespace of an app in this process with Socket.IO's own client: `app.injectSocket()` as a function, for code whose
 * type of the app does not show the decorators of the plugin.
 *
 * @param app - an instance with the plugin
 * @param address - the address of a namespace
 * @throws as `app.injectSocket()` does
 *
 * @example
 * import { injectSocket } from 'fastify-namespaces/testing'
 *
 * const client = await injectSocket<typeof chat>(app, '/chat', { auth: { token } })
 */
export function injectSocket<Definition = unknown>(
  app: Pick<FastifyInstance, 'injectSocket'>,
  address: string,
  options?: InjectSocketOptions,
): Promise<InjectedSocket<Definition>> {
  return app.injectSocket<Definition>(address, options)
}

/**
 * Checks that a server does what its description says. For each event: examples, or samples of its schema, are accepted, and the
 * answers fit the schemas; payloads that break the schema are refused with FST_NSP_EVENT_INVALID at the place of the mistake.
 *
 * @param app - an instance with the plugin
 * @param options - how to join each namespace, which handlers not to call, and the manifest that a consumer was built with
 * @returns every claim, and whether it holds
 * @throws FST_NSP_SAMPLER_MISSING, FST_NSP_CLIENT_MISSING
 *
 * @example
 * import { checkContract } from 'fastify-namespaces/testing'
 *
 * for (const { name, ok, problem } of await checkContract(app)) assert.ok(ok, `${name}: ${problem}`)
 */
export async function checkContract(app: ContractApp, options?: ContractOptions): Promise<ContractResult[]> {
  const { checkContract: check } = await import('./testing/contract/check-contract.js')
  return check(app, options)
}
