import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { build } from '../harness.js'
import { silence } from '../schema-harness.js'
import { propertyName, schema, shared } from './applications.js'

/*
 * The document says what the namespace does: it accepts the same payloads, and describes each ack.
 */

t.setTimeout(120_000)

const SEED = Number(process.env.SEED ?? 16)
const EVENTS = 50
const VALUES = 8

const scalar = fc.oneof(fc.string({ maxLength: 4 }), fc.integer({ min: -9, max: 9 }), fc.boolean(), fc.constant(null))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.dictionary(propertyName, tie('value'), { maxKeys: 3 }),
    fc.dictionary(propertyName, tie('value'), { maxKeys: 3 }).map((object) => ({ ...object, id: 'x' })),
    fc.array(tie('value'), { maxLength: 2 }),
  ),
}))

t.test(
  'a payload is accepted by a namespace if, and only if, its document accepts it; each ack is one of its replies',
  async (t) => {
    silence(t)
    const schemas = fc.sample(schema, { numRuns: EVENTS, seed: SEED })
    const [added = {}] = fc.sample(shared, { numRuns: 1, seed: SEED })
    const values = fc.sample(value, { numRuns: EVENTS * VALUES, seed: SEED })
    const returned: unknown[] = []
    const events = schemas.map((payload, index) => [
      `event-${index}`,
      {
        payload: { ...payload, ...('$id' in payload && { $id: `payload-${index}` }) },
        reply: { ...payload, ...('$id' in payload && { $id: `reply-${index}` }) },
        errors: { DECLARED: { type: 'integer' } },
        handler: (_payload: unknown, { error }: { error(code: string, details: unknown): Error }) => {
          const next = returned.pop()
          if (typeof next === 'number') throw error('DECLARED', next)
          return next
        },
      },
    ])
    const app = await build(
      t,
      { namespaces: { '/chat': { events: Object.fromEntries(events) } }, limits: { eventsPerSecond: 0 } },
      (one) => {
        for (const each of Object.values(added)) one.addSchema(each)
      },
    )
    const client = await app.injectSocket('/chat')
    const document = app.asyncapi()
    // The options of Fastify's own Ajv.
    const options = { coerceTypes: 'array', useDefaults: true, removeAdditional: true, strict: false } as const
    const lenient = new Ajv(options)
    // A reader of the manifest adds its shared schemas by `$id`.
    const [manifest] = app.describeNamespaces().namespaces
    const reader = new Ajv({ ...options, schemas: Object(manifest).schemas })
    const exact = new Ajv({ strict: false })
    for (const ajv of [lenient, exact]) ajv.addSchema(document, 'document')
    const inDocument = ($ref: string) => ({ $ref: `document${$ref}/payload` })

    // Ajv takes an `$id` once.
    const nameOf = (event: string) => {
      const { jsonSchema } = Object(manifest?.events[event]?.payload)
      const name = jsonSchema.$id ?? event
      if (!reader.getSchema(name)) reader.addSchema(jsonSchema, name)
      return name
    }

    const outcomes = { accepted: 0, refused: 0, replied: 0, failed: 0, declared: 0 }
    const wrong: unknown[] = []
    for (const [index, payload] of values.entries()) {
      const { messages, reply } = Object(document.operations[`receive.chat.event-${index % EVENTS}`])
      returned.push(values[(index * 7) % values.length])
      const ack = await client.emitWithAck(`event-${index % EVENTS}`, payload)
      const isRefused = !ack.ok && ack.error.code === 'FST_NSP_EVENT_INVALID'
      if (isRefused) returned.pop()
      // A value at the root is coerced, too, so it needs a parent.
      const verdicts = [
        lenient.validate({ properties: { value: inDocument(messages[0].$ref) } }, { value: structuredClone(payload) }),
        reader.validate(
          { properties: { value: { $ref: nameOf(`event-${index % EVENTS}`) } } },
          { value: structuredClone(payload) },
        ),
      ]
      if (verdicts.some((accepts) => accepts === isRefused))
        wrong.push({ payload, ack, schema: schemas[index % EVENTS] })
      const fitting = reply.messages.filter(({ $ref }: { $ref: string }) => exact.validate(inDocument($ref), ack))
      if (fitting.length !== 1) wrong.push({ ack, fitting, schema: schemas[index % EVENTS] })
      const outcome = ack.ok ? 'replied' : ack.error.code === 'DECLARED' ? 'declared' : 'failed'
      outcomes[isRefused ? 'refused' : 'accepted']++
      if (!isRefused) outcomes[outcome]++
    }
    t.strictSame(wrong, [])
    t.comment(JSON.stringify(outcomes))
    for (const [outcome, count] of Object.entries(outcomes)) t.ok(count > 4, `${count} ${outcome}`)
  },
)
