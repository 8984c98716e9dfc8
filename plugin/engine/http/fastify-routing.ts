import { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/*
 * Passes requests and responses of the plugin's own classes to Fastify's routing. Express replaces their prototypes, so with
 * @fastify/express their members are first copied to the objects themselves.
 */

export type Routing = FastifyInstance['routing']

/** @param contexts - returns all contexts that a request may reach; called once the instance is ready */
export function createRouting(instance: FastifyInstance, contexts: () => readonly FastifyInstance[]): Routing {
  let hasExpress: boolean | undefined
  return (raw, response) => {
    hasExpress ??= contexts().some((context) => context.hasDecorator('express'))
    if (hasExpress) {
      pin(raw, IncomingMessage.prototype)
      pin(response, ServerResponse.prototype)
    }
    instance.routing(raw, response)
  }
}

/** Copies the members of an object's classes, up to the prototype `base`, to the object. */
function pin(object: object, base: object): void {
  for (let home = Object.getPrototypeOf(object); home !== base && home !== null; home = Object.getPrototypeOf(home)) {
    for (const key of Reflect.ownKeys(home)) {
      if (key === 'constructor' || Object.hasOwn(object, key)) continue
      // Configurable: some getters replace themselves by a value.
      Object.defineProperty(object, key, { ...Object.getOwnPropertyDescriptor(home, key), configurable: true })
    }
  }
}
