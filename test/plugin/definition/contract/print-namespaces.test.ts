import t from 'tap'
import { printNamespaces } from '../../../../plugin/definition/contract/print-namespaces.js'

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
    printNamespaces(names.map((name) => ({ name, events: [], emits: [] }))),
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
