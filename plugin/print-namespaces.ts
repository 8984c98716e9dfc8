import { isDynamic, segmentsOf } from './definition/namespace-name.js'
import type { NormalDefinition } from './definition/normalize/normalize-definition.js'

/*
 * Prints the declared namespaces as a tree of their segments, as printRoutes() prints routes.
 */

interface Branch {
  readonly children: Map<string, Branch>
  definition?: NormalDefinition
}

/**
 * Renders the tree of definitions, by name.
 *
 * /
 * ├── chat (events message:send, emits message:new) The rooms of one organisation
 * ├── my-namespace (emits hi)
 * └── orgs
 *     ├── members (mounted)
 *     └── :orgId (mounted)
 */
export function printNamespaces(definitions: ReadonlyMap<string, NormalDefinition>): string {
  const root: Branch = { children: new Map() }
  for (const name of [...definitions.keys()].sort()) {
    let branch = root
    for (const segment of segmentsOf(name)) {
      const child: Branch = branch.children.get(segment) ?? { children: new Map() }
      branch.children.set(segment, child)
      branch = child
    }
    const definition = definitions.get(name)
    if (definition) branch.definition = definition
  }
  return `${[`/${describe(root)}`, ...renderChildren(root)].join('\n')}\n`
}

function* renderChildren(branch: Branch, indent = ''): Generator<string> {
  const entries = [...branch.children].sort(([one], [other]) => rankOf(one) - rankOf(other))
  for (const [index, [segment, child]] of entries.entries()) {
    const isLast = index === entries.length - 1
    yield `${indent}${isLast ? '└── ' : '├── '}${segment}${describe(child)}`
    yield* renderChildren(child, indent + (isLast ? '    ' : '│   '))
  }
}

/** The order in which the router tries the segments: text, parameters, the wildcard. */
function rankOf(segment: string): number {
  return segment === '*' ? 2 : Number(isDynamic(segment))
}

/** The text after a segment; '(nothing declared)' for one without a definition and without children. */
function describe({ definition, children }: Branch): string {
  if (!definition) return children.size > 0 ? '' : ' (nothing declared)'
  const { prose, events, emits } = definition
  const parts = [list('events', events.keys()), list('emits', emits.keys())].filter((part) => part !== '')
  return ` (${parts.join(', ') || 'mounted'})${prose.description ? ` ${prose.description}` : ''}`
}

function list(what: string, names: Iterable<string>): string {
  const all = [...names]
  return all.length > 0 ? `${what} ${all.join(' ')}` : ''
}
