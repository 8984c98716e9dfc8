import t from 'tap'
import { authOf, searchCatalog } from '../../../console/catalog/catalog-search.js'
import { addressOf, paramsOf } from '../../../console/catalog/name-params.js'
import type { NamespaceDescription } from '../../../plugin/definition/contract/description.js'

function namespace(name: string, rest: Partial<NamespaceDescription> = {}): NamespaceDescription {
  return {
    name,
    isDynamic: false,
    hasEmits: true,
    hooks: {},
    eventHooks: {},
    sequential: false,
    contractMismatch: 'off',
    schemas: {},
    hash: '',
    events: {},
    emits: {},
    ...rest,
  }
}

const event = { errors: {}, handlerTimeoutMs: 0, hooks: {} }
const namespaces = [
  namespace('/chat', {
    events: { 'message:send': { ...event, summary: 'Says something' }, 'room:join': event },
    emits: { 'message:new': { tags: ['Live'] } },
  }),
  namespace('/shop', { summary: 'Cakes' }),
]

/** What a search finds, as `/chat: message:send`. */
function find(query: string): string[] {
  return searchCatalog(namespaces, query).map(
    ({ namespace, events, emits }) => `${namespace.name}: ${[...events, ...emits].map(([name]) => name).join(' ')}`,
  )
}

t.test('names, summaries and tags are searched, in any case and order', async (t) => {
  t.strictSame(find(''), ['/chat: message:send room:join message:new', '/shop: '])
  t.strictSame(find('MESSAGE'), ['/chat: message:send message:new'])
  t.strictSame(find('says'), ['/chat: message:send'])
  t.strictSame(find('live'), ['/chat: message:new'])
  t.strictSame(find('cakes'), ['/shop: '])
  t.strictSame(find('join /chat'), ['/chat: room:join'])
  t.strictSame(find('nothing'), [])
})

t.test('a namespace that is found by its own text is found with all its events', async (t) => {
  t.strictSame(find('chat'), ['/chat: message:send room:join message:new'])
})

t.test('a namespace may need auth by its schema, or by its hooks', async (t) => {
  t.equal(authOf(namespace('/')), undefined)
  t.equal(authOf(namespace('/', { auth: { jsonSchema: { required: ['token'] } } })), 'auth')
  t.equal(authOf(namespace('/', { auth: { vendor: 'odd' } })), 'auth')
  t.equal(authOf(namespace('/', { auth: { jsonSchema: {} } })), undefined)
  t.equal(authOf(namespace('/', { hooks: { preValidation: ['verify'] } })), 'hooks')
})

t.test('the parameters of a name are read as the client reads them', async (t) => {
  t.strictSame(paramsOf('/chat'), [])
  t.strictSame(paramsOf('/orgs/:orgId(^(a|b)\\d+$)/:from-:to'), ['orgId', 'from', 'to'])
  t.strictSame(paramsOf('/files/*'), ['*'])
  t.equal(addressOf('/orgs/:orgId', { orgId: 'a b' }), '/orgs/a%20b')
  t.equal(addressOf('/orgs/:orgId', { orgId: '' }), undefined)
})
