import { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'

/*
 * Fastify's routing, for requests and responses that are not node's own. Express gives what it is handed another
 * prototype, its own on top of node's; what they are has to be on the objects themselves before.
 */

export type Routing = FastifyInstance['routing']

/** in: an instance, and all contexts that a request may come to, once the instance is ready. */
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

/** Gives an object for its own what its classes give it, up to that prototype. */
function pin(object: object, base: object): void {
  for (let home = Object.getPrototypeOf(object); home !== base && home !== null; home = Object.getPrototypeOf(home)) {
    for (const key of Reflect.ownKeys(home)) {
      if (key === 'constructor' || Object.hasOwn(object, key)) continue
      // What is made when it is asked for takes the place of its getter.
      Object.defineProperty(object, key, { ...Object.getOwnPropertyDescriptor(home, key), configurable: true })
    }
  }
}
