import type { Limits } from '../../shared/limits.js'
import { closedGroup, type OptionRule, refuse, wholeNumber } from '../normalize/option-rules.js'

/*
 * The option `limits.allNodes`: what all nodes of a cluster may have together.
 */

const ALL_NODES = {
  connections: wholeNumber(0, 0),
  dynamicNamespaces: wholeNumber(0, 0),
} satisfies Record<keyof Limits['allNodes'], OptionRule>

const { read } = closedGroup(ALL_NODES)

export const allNodesRule: OptionRule = { read: (value, path) => Object.freeze(read(value, path)), default: {} }

/**
 * Checks that the nodes tell each other what they have.
 *
 * @param isForeign - whether an adapter of Socket.IO connects them
 * @throws FST_NSP_OPTIONS_INVALID
 */
export function checkAllNodes({ allNodes }: Limits, isForeign: boolean): void {
  const [name] = Object.entries(allNodes).find(([, limit]) => limit > 0) ?? []
  if (name && isForeign) {
    const problem =
      'needs an adapter with a type, such as redis: with an adapter of Socket.IO, nodes do not tell each other'
    refuse(`limits.allNodes.${name}`, `${problem} what they have`)
  }
}
