import Fastify from 'fastify'
import t from 'tap'
import namespaces, { dataType, defineEvent, defineNamespace, defineNamespaces } from '../../../plugin/index.js'

t.test('the path in an error begins at the place of the definition', async (t) => {
  const inOptions = Fastify().register(namespaces, { namespaces: { '/a': { onConnect: 1 as never } } })
  await t.rejects(async () => void (await inOptions.ready()), {
    message: /^Definition namespaces\["\/a"\]\.onConnect must be/,
  })
  const wrongName = Fastify().register(namespaces, { namespaces: { a: {} } })
  await t.rejects(async () => void (await wrongName.ready()), {
    code: 'FST_NSP_NAME_INVALID',
    message: /"a" must begin with a slash/,
  })
  const declared = Fastify()
  await declared.register(namespaces)
  t.throws(() => declared.namespace('/a', { onConnect: 1 as never }), {
    message: /^Definition namespace\("\/a"\)\.onConnect must be/,
  })
})

t.test('defineNamespaces returns its argument', async (t) => {
  const source = { '/a': {}, '/b': { emits: { hi: {} } } }
  t.equal(defineNamespaces(source), source)
})

t.test('defineEvent returns the event, with a base and without', async (t) => {
  const event = { handler: () => {} }
  t.equal(defineEvent(event), event)
  t.equal(defineEvent(defineNamespace({}), event), event)
})

t.test('`data` of a definition is a schema, which is never called, or a type', async (t) => {
  const app = Fastify()
  await app.register(namespaces)
  app.namespace('/a', { data: dataType<{ at: Date }>() }).namespace('/b', { data: { type: 'object' } })
  t.throws(() => app.namespace('/c', { data: 'x' }), {
    code: 'FST_NSP_DEFINITION_INVALID',
    message: /namespace\("\/c"\)\.data/,
  })
  t.strictSame(dataType()['~standard'].validate(1), { value: 1 })
  await app.ready()
  await app.close()
})
