import { stat } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { CliError } from '../cli-error.js'

/*
 * An app file, as fastify-cli loads it: its default export is a plugin, `async (fastify, opts) => {}`. A file that exports an instance
 * is an app file, too.
 */

interface AppModule {
  readonly default?: unknown
  readonly app?: unknown
  readonly options?: unknown
}
type AppPlugin = Parameters<FastifyInstance['register']>[0]

/**
 * Loads an app and makes it ready, calls `use` with the instance that has the plugin's decorators, and closes the app. Nothing listens.
 *
 * @throws CliError if the file can't be loaded, the app can't start, or has no namespaces
 */
export async function withApp<Result>(
  path: string,
  use: (app: FastifyInstance) => Result | Promise<Result>,
): Promise<Result> {
  const { app, contexts } = await startApp(path)
  try {
    await app.ready().then(undefined, (error: unknown) => {
      throw new CliError(`${path} does not start: ${explain(error)}`, 2, error)
    })
    // The plugin decorates the context that it is registered in: contexts below that one inherit the decorators.
    const owner = contexts.find((context) => context.hasDecorator('describeNamespaces'))
    if (owner) return await use(owner)
    const hint = 'An instance has to register it in its root context; of a plugin, every context is looked at'
    throw new CliError(`${path} does not register fastify-namespaces. ${hint}`, 2)
  } finally {
    await app.close()
  }
}

async function startApp(path: string): Promise<{ app: FastifyInstance; contexts: FastifyInstance[] }> {
  const { exported, options } = await importApp(path)
  if (isInstance(exported)) return { app: exported, contexts: [exported] }
  const { default: Fastify } = await import('fastify')
  const app: FastifyInstance = Fastify(quiet(options))
  const contexts = [app]
  app.addHook('onRegister', (context) => void contexts.push(context as FastifyInstance))
  void app.register(exported as AppPlugin, {})
  return { app, contexts }
}

async function importApp(path: string): Promise<{ exported: unknown; options: unknown }> {
  const entry = await stat(path).catch(() => undefined)
  if (!entry?.isFile()) throw new CliError(`There is no file ${path}. A source is an app file, a manifest, or a URL`, 2)
  const imported: AppModule = await import(pathToFileURL(path).href).catch((error: unknown) => {
    throw new CliError(`${path} can not be loaded: ${explain(error)}${hintOf(path, error)}`, 2, error)
  })
  // In CommonJS, `default` is module.exports; if that was compiled from an ES module, it has a `default` itself.
  const inner = Object(imported.default) as AppModule
  const exported = [inner.default, imported.default, inner.app, imported.app].find(
    (value) => typeof value === 'function' || isInstance(value),
  )
  if (exported !== undefined) return { exported, options: imported.options ?? inner.options }
  const wanted = 'Its default export has to be a plugin, `async (fastify, opts) => {}`, or an instance of Fastify'
  throw new CliError(`${path} exports no app. ${wanted}`, 2)
}

function isInstance(value: unknown): value is FastifyInstance {
  const { ready, register, hasDecorator } = Object(value) as Partial<FastifyInstance>
  return typeof ready === 'function' && typeof register === 'function' && typeof hasDecorator === 'function'
}

/** The options that the file exports for its instance, without those of logs. */
function quiet(options: unknown): object {
  const { logger, loggerInstance, ...rest } = Object(options) as Record<string, unknown>
  return rest
}

/** A coded error says what to do; any other is a fault of the app, and needs its stack. */
function explain(error: unknown): string {
  const { code, message, stack } = Object(error) as NodeJS.ErrnoException
  return code === undefined ? (stack ?? String(error)) : `${code}: ${message}`
}

const UNLOADABLE = ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX']

function hintOf(path: string, error: unknown): string {
  const isLoader = /\.[cm]?tsx?$/.test(path) && UNLOADABLE.includes(String(Object(error).code))
  if (!isLoader) return ''
  const command = 'node --import tsx node_modules/fastify-namespaces/dist/cli.js …'
  return `\nNode.js does not load this TypeScript by itself. Run it by a loader, e.g. npm i -D tsx, then:\n  ${command}`
}
