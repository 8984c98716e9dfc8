import type { NamespaceDescription } from '../definition/contract/description.js'
import { FST_NSP_CONTRACT_MISMATCH } from '../shared/errors.js'

/*
 * Compares the contract that a client was built with to that of the server. A client sends the hash of its contract in its `auth`.
 */

/** The reserved key of `auth`. A wire format. */
export const CONTRACT_KEY = '$contract'

/** A declared definition, as far as it is compared. */
export interface Described {
  readonly definition: { readonly contractMismatch: NamespaceDescription['contractMismatch'] }
  describe(): Pick<NamespaceDescription, 'hash'>
}

/** The hashes of two contracts that differ. */
export interface ContractDifference {
  readonly server: string
  readonly client: string
}

/**
 * @param auth - what the client sent
 * @returns undefined if the client sent no hash, if it is the same, or if the definition does not compare
 */
export function findDifference({ definition, describe }: Described, auth: object): ContractDifference | undefined {
  const client = (auth as { readonly [CONTRACT_KEY]?: unknown })[CONTRACT_KEY]
  if (typeof client !== 'string' || definition.contractMismatch === 'off') return undefined
  const server = describe().hash
  return client === server ? undefined : { server, client: client.slice(0, server.length) }
}

/** @throws FST_NSP_CONTRACT_MISMATCH if the definition refuses other contracts */
export function refuseOtherContract(described: Described, auth: object): void {
  if (described.definition.contractMismatch !== 'refuse') return
  const details = findDifference(described, auth)
  if (details) throw Object.assign(new FST_NSP_CONTRACT_MISMATCH(), { details })
}
