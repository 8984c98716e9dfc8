import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import type { NamespaceDescription, ServerDescription } from '../../definition/contract/description.js'
import { formatAddress } from '../../joining/namespaces/namespace-router.js'
import { loadSampler, type Sample } from '../../samples/sampler.js'
import type { InjectSocketOptions } from '../inject-socket.js'
import { checkEvent } from './check-event.js'
import { checkJoin, type JoinValues } from './check-join.js'
import { checkExamples, checkProvided } from './check-outgoing.js'
import { type ContractResult, createResults, type MakeClaim } from './contract-results.js'
import { createCaller } from './event-caller.js'

/*
 * `checkContract()`: whether a server does what its description says.
 */

/** How a contract check joins a namespace. */
export interface ContractJoin extends InjectSocketOptions {
  /** The params of a dynamic name. */
  params?: Record<string, string | number>
}

/** The options of `checkContract()`. */
export interface ContractOptions {
  /**
   * How to join each namespace, by name.
   * @defaultValue without params, and with an empty `auth`
   */
  join?: Record<string, ContractJoin>
  /**
   * Events whose handlers are not called, by the name of their namespace. Invalid payloads are sent, which reach no handler.
   * @defaultValue `{}`
   */
  skip?: Record<string, readonly string[]>
  /** The manifest that a consumer was built with. The check is then whether the app still fulfils it. */
  manifest?: ServerDescription
  /**
   * Milliseconds to wait for each ack.
   * @defaultValue 10_000
   */
  timeoutMs?: number
}

/** `app.describeNamespaces()` and `app.injectSocket()`. */
export type ContractApp = Pick<FastifyInstance, 'describeNamespaces' | 'injectSocket' | 'ready'>

interface NamespaceCheck {
  readonly app: ContractApp
  readonly namespace: NamespaceDescription
  /** What the app declares under the same name. */
  readonly provider: NamespaceDescription
  readonly options: ContractOptions
  readonly sample: Sample
  readonly claim: MakeClaim
}

/** Checks every namespace of a description, one claim after another. */
export async function checkContract(app: ContractApp, options: ContractOptions = {}): Promise<ContractResult[]> {
  await app.ready()
  const sample = await loadSampler()
  const { results, claim } = createResults()
  const own = app.describeNamespaces()
  for (const namespace of (options.manifest ?? own).namespaces) {
    const provider = own.namespaces.find(({ name }) => name === namespace.name)
    claim(`${namespace.name} is declared`, provider ? undefined : 'the server does not declare it')
    if (provider) await checkNamespace({ app, namespace, provider, options, sample, claim })
  }
  return results
}

async function checkNamespace({ app, namespace, provider, options, sample, claim }: NamespaceCheck): Promise<void> {
  const { name, events, schemas } = namespace
  const { join = {}, skip = {}, manifest, timeoutMs = 10_000 } = options
  const { params = {}, auth = {}, ...rest } = join[name] ?? {}
  const isOwn = manifest === undefined
  const inject = (values: JoinValues) =>
    app.injectSocket(formatAddress(name, values.params), { ...rest, auth: values.auth })
  const tryJoin = async (values: JoinValues) => (await inject(values)).close()

  checkExamples(namespace, claim)
  if (!isOwn) checkProvided(namespace, provider, { sample, claim })
  const isJoined = await checkJoin({ namespace, values: { params, auth }, tryJoin, claim, isOwn })
  if (!isJoined) return

  let socket = await inject({ params, auth })
  const call = createCaller({
    timeoutMs,
    async join() {
      // The app may have disconnected it: after an event that signs out, for example.
      if (!socket.connected) socket = await inject({ params, auth })
      return socket as Socket
    },
  })
  for (const [event, description] of Object.entries(events)) {
    const title = `${name} ${event}`
    const provided = provider.events[event]
    claim(`${title} is declared`, provided ? undefined : 'the server does not declare it')
    if (!provided) continue
    const isSkipped = skip[name]?.includes(event) ?? false
    await checkEvent({ name: title, event, description, schemas, sample, call, claim, isSkipped, isOwn })
  }
  await socket.close()
}
