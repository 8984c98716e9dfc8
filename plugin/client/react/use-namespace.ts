import { useLayoutEffect, useMemo } from 'react'
import type { AnyClient, AnyJoined } from '../any-client.js'
import type { ClientJoinOptions } from '../client-options.js'
import type { GivenClient, NameIn, NamespaceArgs, NamespaceOf } from './hook-types.js'
import { MountedNamespace } from './mounted-namespace.js'
import { useLatest } from './use-latest.js'

/**
 * Joins a namespace while the component is mounted. Several components may join the same: they share one socket.
 *
 * @param client - from createClient()
 * @param name - a name of the server's definitions, e.g. '/orgs/:orgId'
 * @param params - its parameters. They are compared by their JSON: they may be a new object at each render.
 * @param options - of `client.join()`; those of the last render are taken for the next join
 * @returns the joined namespace. It listens at once, and sends from effects and event handlers.
 *
 * @example
 * const chat = useNamespace(client, '/orgs/:orgId', { orgId })
 */
export function useNamespace<Given extends GivenClient, Name extends NameIn<Given>>(
  client: Given,
  name: Name,
  ...args: NamespaceArgs<Given, Name>
): NamespaceOf<Given, Name>
export function useNamespace(
  client: AnyClient,
  name: string,
  params?: Readonly<Record<string, unknown>>,
  options?: ClientJoinOptions,
): AnyJoined {
  const latest = useLatest({ params, options })
  // biome-ignore lint/correctness/useExhaustiveDependencies: params are compared by their JSON
  const mounted = useMemo(
    () => new MountedNamespace(() => client.join(name, latest.current.params, latest.current.options)),
    [client, name, JSON.stringify(params)],
  )
  useLayoutEffect(() => mounted.mount(), [mounted])
  return mounted
}
