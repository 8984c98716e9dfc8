import { CallError } from '../../../plugin/client.js'
import { addressOf, paramsOf } from '../../catalog/name-params.js'
import type { Session } from '../../session/session-types.js'

/** Where an event goes, or why it can't. */
export type JoinedPlace =
  | { readonly address: string; readonly error?: undefined }
  | { readonly error: CallError; readonly address?: undefined }

/** Joins a namespace, if it is not joined. Never rejects. */
export async function joinFirst(
  session: Session,
  name: string,
  params: Readonly<Record<string, string>>,
): Promise<JoinedPlace> {
  const isDynamic = /[:*]/.test(name)
  const address = isDynamic ? addressOf(name, params) : name
  if (address === undefined) {
    const lacking = paramsOf(name).filter((param) => !params[param])
    const message = `Fill in ${lacking.join(', ')}: the address of ${name} needs it`
    return { error: new CallError({ code: 'PARAMS_MISSING', message }) }
  }
  const lane = session.lanes.getSnapshot().find((each) => each.address === address)
  if (lane?.state.status === 'joined') return { address }
  try {
    await session.join(name, isDynamic ? params : {})
    return { address }
  } catch (error) {
    return { error: error as CallError } // a session rejects with nothing else
  }
}

/** The parameters of the address of a name that was joined last. */
export function joinedParams(session: Session, name: string): Readonly<Record<string, string>> {
  const lane = session.lanes.getSnapshot().findLast((each) => each.name === name)
  return Object.fromEntries(Object.entries(lane?.params ?? {}).map(([param, value]) => [param, String(value)]))
}
