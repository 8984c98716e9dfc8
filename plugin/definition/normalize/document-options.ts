import type { RouteShorthandOptions } from 'fastify'
import { kindOf } from '../../shared/wording.js'
import type { NamespaceDescription } from '../contract/description.js'
import type { AsyncApiDocument } from '../contract/document-types.js'
import { closedGroup, flag, group, type OptionRule, object, refuse, rule, text } from './option-rules.js'
import { logLevel, pathPrefix, routeHooks } from './route-rules.js'

/** Options of the document. Without any of them, as `document: {}`, it is served with the defaults. */
export interface DocumentOptions {
  /**
   * The path of the routes, after the prefixes of the context and of the plugin: `{routePrefix}/asyncapi.json`, `asyncapi.yaml`
   * and `manifest.json`.
   * @defaultValue `'/namespaces'`
   */
  routePrefix?: string
  /**
   * The Info Object of AsyncAPI.
   * @defaultValue `{ title: 'Socket.IO namespaces', version: '1.0.0' }`
   */
  info?: { readonly title?: string; readonly version?: string; readonly [key: string]: unknown }
  /**
   * The Server Objects of AsyncAPI, by name. `protocol` is `socketio` by default, and `pathname` the path of the handshake.
   *
   * @example
   * servers: { production: { host: 'api.example.com', protocol: 'wss' } }
   */
  servers?: Readonly<Record<string, { readonly host: string; readonly [key: string]: unknown }>>
  /** Security schemes that the schemas of the definitions do not tell, e.g. of a session cookie. */
  components?: { readonly securitySchemes?: Readonly<Record<string, object>> }
  /** The security schemes of every operation, by name, as in OpenAPI: `[{ session: [] }]`. */
  security?: readonly Readonly<Record<string, readonly string[]>>[]
  /**
   * Whether events and emits without tags are left out. The tags of a namespace count for its events and emits.
   * @defaultValue `false`
   */
  hideUntagged?: boolean
  /**
   * Changes what is published of a namespace, in the document and in the manifest. It gets hidden namespaces, events and emits,
   * too: they are left out behind it.
   *
   * @returns the description; `undefined` to leave the namespace out
   */
  transform?(namespace: NamespaceDescription): NamespaceDescription | undefined
  /** Changes the finished document. It is called once. */
  transformObject?(document: AsyncApiDocument): AsyncApiDocument
  /** Hooks of the routes, e.g. to ask for a password. */
  hooks?: Pick<RouteShorthandOptions, 'onRequest' | 'preValidation' | 'preHandler' | 'onSend'>
  /**
   * The log level of the routes.
   * @defaultValue the level of the context
   */
  logLevel?: NonNullable<RouteShorthandOptions['logLevel']>
}

const word = text(/\S/, 'a text that is not empty')
const action = rule('a function', (value) => typeof value === 'function')
/** A rule for an object of options; any other name is allowed, too. */
const open = (rules: Readonly<Record<string, OptionRule>>) => group(rules, () => undefined)
const SERVER = open({ host: word, protocol: { ...word, default: 'socketio' }, pathname: text(/^\//, 'a path') })

const INFO = open({
  title: { ...word, default: 'Socket.IO namespaces' },
  version: { ...word, default: '1.0.0' },
})

const OPTIONS = {
  routePrefix: pathPrefix('/namespaces'),
  info: { ...INFO, default: {} },
  servers: { read: readServers, default: {} },
  components: { ...closedGroup({ securitySchemes: object({}) }), default: {} },
  security: rule('an array of objects', isSecurity, []),
  hideUntagged: flag(false),
  transform: action,
  transformObject: action,
  hooks: { ...routeHooks, default: {} },
  logLevel,
} satisfies Record<keyof DocumentOptions, OptionRule>

const { read: readOptions } = closedGroup(OPTIONS)

/** The checked options, with defaults. */
export type NormalDocumentOptions = Readonly<
  Required<Omit<DocumentOptions, 'info' | 'components' | 'transform' | 'transformObject' | 'logLevel'>>
> &
  Readonly<Pick<DocumentOptions, 'transform' | 'transformObject' | 'logLevel'>> & {
    readonly info: AsyncApiDocument['info']
    readonly components: { readonly securitySchemes: Readonly<Record<string, object>> }
  }

/** The defaults, for a document that is asked for in code only. */
export const DOCUMENT_DEFAULTS = readOptions({}, 'document') as NormalDocumentOptions

/** The rule of the option `document`, which has no default: no document is served. */
export const documentRule: OptionRule = {
  read(value, path) {
    const options = readOptions(value, path) as NormalDocumentOptions
    const { securitySchemes } = options.components
    const unknown = options.security.flatMap((each) => Object.keys(each)).find((name) => !(name in securitySchemes))
    if (unknown !== undefined) {
      refuse(`${path}.security`, `must name schemes of components.securitySchemes: got ${JSON.stringify(unknown)}`)
    }
    return Object.freeze(options)
  },
}

function readServers(value: unknown, path: string): unknown {
  const servers = Object.entries(object().read(value, path) as object)
  return Object.fromEntries(servers.map(([name, server]) => [name, readServer(server, `${path}.${name}`)]))
}

function readServer(value: unknown, path: string): unknown {
  const server = SERVER.read(value, path) as { readonly host?: unknown }
  if (server.host === undefined)
    refuse(`${path}.host`, 'is missing: write the host of the server, e.g. api.example.com')
  return server
}

function isSecurity(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => kindOf(each) === 'object')
}
