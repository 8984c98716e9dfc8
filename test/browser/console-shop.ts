import { Type } from 'typebox'
import { Binary, defineNamespace, type NamespacesOptions } from '../../plugin/index.js'

/*
 * Namespaces of every kind that the console shows, for its tests.
 */

const Size = Type.Union([Type.Literal('small'), Type.Literal('large')])

/** What the server of a test has seen. */
interface ShopRecord {
  /** How many ticks the generator has made, and whether it has been stopped. */
  ticks: number
  isStopped: boolean
  /** The bytes that have arrived. */
  readonly bytes: Uint8Array[]
  /** The arguments of plain events. */
  readonly plain: unknown[][]
  /** The answers of the page. */
  readonly answers: unknown[]
}

/** The options of a server, and what it sees. */
export function createShop() {
  const record: ShopRecord = { ticks: 0, isStopped: false, bytes: [], plain: [], answers: [] }
  const shop = defineNamespace({
    summary: 'Orders of a small shop',
    description: 'Order cakes, and watch the oven.',
    tags: ['shop'],
    emits: {
      'order:new': {
        summary: 'An order was placed',
        payload: Type.Object({ cake: Type.String(), count: Type.Integer() }),
      },
      'shop:question': { payload: Type.Object({ text: Type.String() }), reply: Type.Object({ yes: Type.Boolean() }) },
    },
    events: {
      'order:place': {
        summary: 'Order cakes',
        description: 'Places an order. The kitchen starts at once.',
        tags: ['orders'],
        payload: Type.Object({
          cake: Type.String({ minLength: 2, maxLength: 40, description: 'Which cake', pattern: '^[a-z ]+$' }),
          count: Type.Integer({ minimum: 1, maximum: 12 }),
          size: Type.Optional(Size),
          gift: Type.Optional(Type.Boolean({ default: false })),
          note: Type.Optional(Type.String({ maxLength: 200 })),
        }),
        examples: [
          { cake: 'lemon', count: 2 },
          { cake: 'nut', count: 1, gift: true },
        ],
        reply: Type.Object({ id: Type.Integer(), cake: Type.String(), count: Type.Integer() }),
        errors: { SOLD_OUT: Type.Object({ left: Type.Integer() }, { description: 'The oven has fewer.' }) },
        handler: ({ cake, count }, { error, namespace }) => {
          if (count > 10) throw error('SOLD_OUT', { left: 10 })
          namespace.emit('order:new', { cake, count })
          return { id: 1, cake, count }
        },
      },
      'order:ask': {
        summary: 'Makes the server ask',
        handler: async (_payload, { ask }) => {
          record.answers.push(await ask('shop:question', { text: 'open?' }, { timeoutMs: 60_000 }))
        },
      },
      'oven:watch': {
        summary: 'The temperature of the oven',
        payload: Type.Object({ from: Type.Integer() }),
        examples: [{ from: 1 }],
        stream: Type.Object({ tick: Type.Integer() }),
        reply: Type.Object({ ticks: Type.Integer() }),
        handlerTimeoutMs: 0,
        async *handler({ from }, { signal }) {
          record.isStopped = false
          try {
            for (let tick = from; tick < from + 5_000 && !signal.aborted; tick++) {
              record.ticks++
              yield { tick }
              await new Promise((resolve) => setTimeout(resolve, 2))
            }
            return { ticks: record.ticks }
          } finally {
            record.isStopped = true
          }
        },
      },
      'photo:add': {
        deprecated: true,
        payload: Type.Object({ name: Type.String(), image: Binary({ maxBytes: 1_000 }) }),
        examples: [{ name: 'cake' }],
        reply: Type.Object({ bytes: Type.Integer() }),
        handler: ({ image }) => {
          record.bytes.push(new Uint8Array(image))
          return { bytes: image.byteLength }
        },
      },
    },
  })
  const org = defineNamespace({
    schema: { params: Type.Object({ orgId: Type.Integer() }) },
    events: {
      'org:name': {
        reply: Type.String(),
        handler: (_payload, { params }) => `organisation ${params.orgId}`,
      },
    },
  })
  const hostile = '<img src=x onerror="window.__pwned=1"><script>window.__pwned=1</script>\u202egnp'
  const odd = defineNamespace({
    summary: hostile,
    description: hostile,
    schema: { auth: Type.Object({ token: Type.String({ description: hostile }) }) },
    events: {
      [hostile]: {
        summary: hostile,
        description: hostile.repeat(2_000),
        tags: [hostile],
        payload: Type.Object({ [hostile]: Type.String({ description: hostile, default: hostile }) }),
        handler: () => {},
      },
    },
  })
  const options: NamespacesOptions = { namespaces: { '/shop': shop, '/orgs/:orgId': org, '/odd': odd } }
  return { options, record, hostile }
}
