import t from 'tap'
import type { NormalDefinition } from '../../plugin/definition/normalize/normalize-definition.js'
import { printNamespaces } from '../../plugin/print-namespaces.js'

const mounted = { events: new Map(), emits: new Map() } as unknown as NormalDefinition

t.test('dynamic names are printed as they are declared, in the order in which the router tries them', async (t) => {
  const names = [
    '/orgs/*',
    '/orgs/:orgId(^[^/]+$)',
    '/orgs/:orgId/rooms/:roomId',
    '/orgs/members',
    '/orgs/10',
    '/:from-:to',
    '/zoo',
  ]
  t.equal(
    printNamespaces(new Map(names.map((name) => [name, mounted]))),
    `/
├── orgs
│   ├── 10 (mounted)
│   ├── members (mounted)
│   ├── :orgId(^[^/]+$) (mounted)
│   ├── :orgId
│   │   └── rooms
│   │       └── :roomId (mounted)
│   └── * (mounted)
├── zoo (mounted)
└── :from-:to (mounted)
`,
  )
})
