import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'tstyche'
import type { AsyncApiDocument, DocumentOptions } from '../../plugin/index.js'

/*
 * The types of the document.
 */

declare const app: FastifyInstance

describe('app.asyncapi()', () => {
  test('is a document, and with yaml a promise of its text', () => {
    expect(app.asyncapi()).type.toBe<AsyncApiDocument>()
    expect(app.asyncapi({ yaml: false })).type.toBe<AsyncApiDocument>()
    expect(app.asyncapi({ yaml: true })).type.toBe<Promise<string>>()
    expect(app.asyncapi().channels.chat?.messages.ack?.payload).type.not.toBe<never>()
  })
})

describe('the option document', () => {
  test('has the names of @fastify/swagger', () => {
    expect<DocumentOptions>().type.toBeAssignableFrom({
      routePrefix: '/docs',
      info: { title: 'Chat' },
      servers: { production: { host: 'api.example.com' } },
      security: [{ session: [] as string[] }],
      hideUntagged: true,
      hooks: { onRequest: async () => {} },
    })
    expect<DocumentOptions>().type.not.toBeAssignableFrom({
      servers: { production: { url: 'https://api.example.com' } },
    })
    expect<DocumentOptions>().type.not.toBeAssignableFrom({ routePrefix: 1 })
  })
})
