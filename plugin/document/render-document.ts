import type { ServerDescription } from '../definition/contract/description.js'
import type { AsyncApiDocument, DocumentChannel, DocumentOperation } from '../definition/contract/document-types.js'
import type { NormalDocumentOptions } from '../definition/normalize/document-options.js'
import { renderChannel } from './render-channel.js'
import { createIds } from './safe-ids.js'
import { createComponentSchemas } from './schemas/component-schemas.js'
import { createScope } from './schemas/schema-scope.js'
import { findSecuritySchemes } from './security-schemes.js'

export type RenderOptions = Pick<NormalDocumentOptions, 'info' | 'servers' | 'components' | 'security'>

/**
 * Renders a description as an AsyncAPI 3.1 document: namespaces are channels, events are operations that the server receives,
 * emits and the items of streams are operations that it sends. The same description gives the same document.
 */
export function renderDocument(description: ServerDescription, options: RenderOptions): AsyncApiDocument {
  const { info, servers, components, security } = options
  const takeChannelId = createIds()
  const takeOperationId = createIds()
  const schemas = createComponentSchemas()
  const channels = new Map<string, DocumentChannel>()
  const operations = new Map<string, DocumentOperation>()
  const securitySchemes = new Map<string, unknown>(Object.entries(components.securitySchemes))

  for (const namespace of description.namespaces) {
    const channelId = takeChannelId(namespace.name === '/' ? 'default' : namespace.name.slice(1))
    const found = findSecuritySchemes(namespace)
    // A scheme of the application's own has priority.
    for (const [name, scheme] of found) if (!securitySchemes.has(name)) securitySchemes.set(name, scheme)
    const names = new Set([...security.flatMap((each) => Object.keys(each)), ...found.keys()])
    const rendered = renderChannel(namespace, {
      channelId,
      takeOperationId,
      renderSchema: schemas.createRenderer(createScope(namespace)),
      security: [...names].map((name) => ({ $ref: `#/components/securitySchemes/${name}` })),
    })
    channels.set(channelId, rendered.channel)
    for (const [id, operation] of rendered.operations) operations.set(id, operation)
  }

  const pathname = description.path
  const entries = Object.entries(servers).map(([name, server]) => [name, { pathname, ...server }])
  return {
    asyncapi: '3.1.0',
    info,
    defaultContentType: 'application/json',
    ...(entries.length > 0 && { servers: Object.fromEntries(entries) }),
    channels: Object.fromEntries(channels),
    operations: Object.fromEntries(operations),
    components: {
      schemas: schemas.list(),
      ...(securitySchemes.size > 0 && { securitySchemes: Object.fromEntries(securitySchemes) }),
    },
    'x-socketio': { path: description.path },
  }
}
