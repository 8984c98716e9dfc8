import type { AnyClient } from '../any-client.js'
import type { AuthRequest, ClientJoinOptions } from '../client-options.js'
import type { FormOf } from './described-namespace.js'
import type { Joined } from './typed-joined.js'

/*
 * The types of a client.
 */

type UpTo<Text, Stop extends string> = Text extends `${infer Head}${Stop}${string}` ? Head : Text

/** The parameters of a name, e.g. 'orgId' of '/orgs/:orgId(^\\d+$)'. */
type ParamOf<Name> = Name extends `${string}:${infer Rest}`
  ? UpTo<UpTo<UpTo<UpTo<UpTo<Rest, ':'>, '/'>, '('>, '-'>, '.'> | ParamOf<Rest>
  : Name extends `${string}*`
    ? '*'
    : never

/** The params of a name: the input of their schema; without a schema, strings or numbers. */
type ParamsIn<Definition, Name> = [FormOf<Definition>['params']] extends [never]
  ? Readonly<Record<ParamOf<Name>, string | number>>
  : FormOf<Definition>['params']

/** The options of `client.join()`, with the type of `auth`. */
interface JoinOptionsOf<Definition> extends Pick<ClientJoinOptions, 'signal'> {
  /** Replaces `auth` of the client for this namespace, from its next connect on. */
  readonly auth?:
    | FormOf<Definition>['auth']
    | ((request: AuthRequest) => FormOf<Definition>['auth'] | Promise<FormOf<Definition>['auth']>)
}

/** The arguments of `client.join()` after the name: params if the name has any. */
// Distributes over the names, so that the error of an unknown name is about the name.
export type JoinArgs<Definitions, Name extends keyof Definitions> = Name extends unknown
  ? [ParamOf<Name>] extends [never]
    ? [params?: Readonly<Record<string, never>>, options?: JoinOptionsOf<Definitions[Name]>]
    : [params: ParamsIn<Definitions[Name], Name>, options?: JoinOptionsOf<Definitions[Name]>]
  : never

/** What `createClient()` returns: one connection, and the namespaces of `Definitions` by name. */
export interface Client<Definitions>
  extends Pick<AnyClient, 'manager' | 'pending' | 'onContract' | 'warnBeforeUnload' | 'close'> {
  /**
   * Joins a namespace. Every call has a use of its own, and all uses of an address share one socket. The last `leave()` leaves it.
   *
   * @param name - a name of the server's definitions, with its prefixes
   * @example
   * const org = client.join('/orgs/:orgId', { orgId: 42 })
   */
  join<Name extends keyof Definitions & string>(
    name: Name,
    ...args: JoinArgs<Definitions, Name>
  ): Joined<Definitions[Name]>
}
