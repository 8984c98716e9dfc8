import Fastify from 'fastify'
import t from 'tap'
import namespaces, { defineNamespace } from '../../plugin/index.js'
import { normalizeDefinition } from '../../plugin/normal-form.js'

t.test('a definition is normalized and frozen', async (t) => {
  const onConnect = () => {}
  const payload = { type: 'string' }
  const source = { description: 'Rooms', emits: { hi: { payload, description: 'A greeting' }, bye: {} }, onConnect }
  t.equal(defineNamespace(source), source, 'defineNamespace returns its argument')
  const normal = normalizeDefinition(source, 'at')
  t.ok(Object.isFrozen(normal))
  t.equal(normal.onConnect, onConnect)
  t.equal(normal.onDisconnect, undefined)
  t.equal(normal.description, 'Rooms')
  t.strictSame(
    [...normal.emits],
    [
      ['hi', { payload, reply: undefined, description: 'A greeting' }],
      ['bye', { payload: undefined, reply: undefined, description: undefined }],
    ],
  )
  const arkLike = Object.assign(() => {}, { '~standard': {} })
  t.equal(normalizeDefinition({ emits: { x: { payload: arkLike } } }, 'at').emits.get('x')?.payload, arkLike)
  t.equal(normalizeDefinition({ emits: { x: { payload: true } } }, 'at').emits.get('x')?.payload, true)
})

t.test('what is wrong in a definition is refused with its path', async (t) => {
  const wrong: [definition: unknown, message: RegExp][] = [
    [null, /^Definition at must be an object: got null$/],
    [[], /^Definition at must be an object: got object$/],
    ['x', /^Definition at must be an object: got string$/],
    [{ onConect: () => {} }, /^Definition at\.onConect is unknown: use one of description, emits, events, /],
    [{ onConnect: 'x' }, /^Definition at\.onConnect must be a function: got string$/],
    [{ onDisconnect: {} }, /^Definition at\.onDisconnect must be a function: got object$/],
    [{ description: 7 }, /^Definition at\.description must be a string: got number$/],
    [{ emits: 7 }, /^Definition at\.emits must be an object: got number$/],
    [{ emits: { 'a b': 7 } }, /^Definition at\.emits\["a b"\] must be an object: got number$/],
    [
      { emits: { hi: { schema: {} } } },
      /^Definition at\.emits\["hi"\]\.schema is unknown: use one of payload, reply, description$/,
    ],
    [{ emits: { hi: { payload: 'string' } } }, /^Definition at\.emits\["hi"\]\.payload must be a schema: got string$/],
    [{ emits: { hi: { payload: null } } }, /^Definition at\.emits\["hi"\]\.payload must be a schema: got null$/],
    [{ emits: { hi: { description: 1 } } }, /^Definition at\.emits\["hi"\]\.description must be a string: got number$/],
    [{ emits: { disconnect: {} } }, /^Definition at\.emits\["disconnect"\] is a name that Socket\.IO reserves$/],
  ]
  for (const [definition, message] of wrong) {
    t.throws(() => normalizeDefinition(definition, 'at'), { code: 'FST_NSP_DEFINITION_INVALID', message })
  }
})

t.test('the path begins where the definition was written', async (t) => {
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
