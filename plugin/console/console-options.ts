import { isAbsolute } from 'node:path'
import type { RouteShorthandOptions } from 'fastify'
import { closedGroup, type OptionRule, rule, text } from '../definition/normalize/option-rules.js'
import { logLevel, pathPrefix, routeHooks } from '../definition/normalize/route-rules.js'
import { kindOf } from '../shared/wording.js'

/** The options of the console. The names are those of @fastify/swagger-ui. */
export interface ConsoleOptions {
  /**
   * The path of the page, after the prefixes of the context and of the plugin.
   * @defaultValue `'/namespaces'`
   */
  routePrefix?: string
  /**
   * A prefix before `routePrefix`, as @fastify/autoload gives it.
   * @defaultValue `''`
   */
  prefix?: string
  /**
   * Hooks of all routes of the console, e.g. to ask for a password. If NODE_ENV is `production`, the console is served only with this option.
   *
   * @example
   * uiHooks: { onRequest: app.basicAuth }
   */
  uiHooks?: Pick<RouteShorthandOptions, 'onRequest' | 'preValidation' | 'preHandler' | 'onSend'>
  /**
   * The log level of the routes.
   * @defaultValue the level of the context
   */
  logLevel?: NonNullable<RouteShorthandOptions['logLevel']>
  /**
   * The Content-Security-Policy of the routes: `true` for the one that the page is built for, another as a text or by its directives,
   * `false` to leave the header to the application.
   * @defaultValue `true`
   */
  staticCSP?: boolean | string | Readonly<Record<string, string | readonly string[]>>
  /**
   * The folder of the page's files, as an absolute path.
   * @defaultValue the folder `dist/console` of this package
   */
  baseDir?: string
  /** What the page looks like. Its `title` is `Namespaces` by default. */
  theme?: { readonly title?: string }
}

/** The checked options, with defaults. */
export interface NormalConsoleOptions extends Required<Omit<ConsoleOptions, 'uiHooks' | 'logLevel' | 'theme'>> {
  readonly uiHooks?: NonNullable<ConsoleOptions['uiHooks']>
  readonly logLevel?: NonNullable<ConsoleOptions['logLevel']>
  readonly theme: { readonly title: string }
}

const filled = (standard: string) => text(/\S/, 'a text that is not empty', standard)

/**
 * Checks the options of the console and fills in their defaults.
 *
 * @param pageFiles - the default of `baseDir`
 * @throws FST_NSP_OPTIONS_INVALID naming the path of the option, e.g. `uiHooks.onRequest`
 */
export function readConsoleOptions(options: ConsoleOptions, pageFiles: string): NormalConsoleOptions {
  const rules = {
    routePrefix: pathPrefix('/namespaces'),
    prefix: pathPrefix(''),
    uiHooks: routeHooks,
    logLevel,
    staticCSP: rule('true, false, a text, or an object of directives such as script-src', isPolicy, true),
    baseDir: rule('an absolute path', (value) => typeof value === 'string' && isAbsolute(value), pageFiles),
    theme: { ...closedGroup({ title: filled('Namespaces') }), default: {} },
  } satisfies Record<keyof ConsoleOptions, OptionRule>
  return closedGroup(rules).read(options, '') as NormalConsoleOptions
}

// A header has printable characters only. A browser ignores a directive that it does not know, such as `scriptSrc`.
const POLICY = /^(?=.*\S)[ -~]+$/
const DIRECTIVE = /^[a-z]+(-[a-z]+)*$/
const SOURCE = /^[ -+\--:<-~]*$/

function isPolicy(value: unknown): boolean {
  if (kindOf(value) !== 'object') return typeof value === 'boolean' || (typeof value === 'string' && POLICY.test(value))
  const directives = Object.entries(value as object)
  const isSource = (source: unknown) => typeof source === 'string' && SOURCE.test(source)
  return (
    directives.length > 0 &&
    directives.every(([name, sources]) => DIRECTIVE.test(name) && [sources].flat().every(isSource))
  )
}
