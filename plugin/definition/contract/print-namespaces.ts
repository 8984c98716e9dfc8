import { isDynamic, segmentsOf } from '../namespace-name.js'

/*
 * Prints the declared namespaces as a tree of their segments, as printRoutes() prints routes.
 */

/** What is printed of a namespace. */
interface PrintedNamespace {
  readonly name: string
  readonly description?: string | undefined
  readonly events: Iterable<string>
  readonly emits: Iterable<string>
}

interface Branch {
  readonly children: Map<string, Branch>
  namespace?: PrintedNamespace
}

/**
 * Renders the tree of namespaces, by name.
 *
 * /
 * ├── chat (events message:send, emits message:new) The rooms of one organisation
 * ├── my-namespace (emits hi)
 * └── orgs
 *     ├── members (mounted)
 *     └── :orgId (mounted)
 */
export function printNamespaces(namespaces: readonly PrintedNamespace[]): string {
  const root: Branch = { children: new Map() }
  for (const namespace of [...namespaces].sort((one, other) => (one.name < other.name ? -1 : 1))) {
    let branch = root
    for (const segment of segmentsOf(namespace.name)) {
      const child: Branch = branch.children.get(segment) ?? { children: new Map() }
      branch.children.set(segment, child)
      branch = child
    }
    branch.namespace = namespace
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
function describe({ namespace, children }: Branch): string {
  if (!namespace) return children.size > 0 ? '' : ' (nothing declared)'
  const { description, events, emits } = namespace
  const parts = [list('events', events), list('emits', emits)].filter((part) => part !== '')
  return ` (${parts.join(', ') || 'mounted'})${description ? ` ${description}` : ''}`
}

function list(what: string, names: Iterable<string>): string {
  const all = [...names]
  return all.length > 0 ? `${what} ${all.join(' ')}` : ''
}
