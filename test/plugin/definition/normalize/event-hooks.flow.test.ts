import Fastify from 'fastify'
import t from 'tap'
import {
  addContextHook,
  collectContextHooks,
  joinHooks,
  toNormalHooks,
} from '../../../../plugin/definition/normalize/event-hooks.js'
import { build } from '../../harness.js'

const hook = () => () => {}

t.test('one function, several or none become an array', async (t) => {
  const [a, b, c] = [hook(), hook(), hook()]
  t.strictSame(toNormalHooks({ onEvent: a, preHandler: [b, c] }), {
    onEvent: [a],
    preValidation: [],
    preHandler: [b, c],
    onAck: [],
    onError: [],
  })
})

t.test('several lists of hooks are joined in their order', async (t) => {
  const [a, b, c] = [hook(), hook(), hook()]
  const joined = joinHooks([toNormalHooks({ onAck: a }), toNormalHooks({ onError: b }), toNormalHooks({ onAck: [c] })])
  t.strictSame(joined, { onEvent: [], preValidation: [], preHandler: [], onAck: [a, c], onError: [b] })
  t.strictSame(joinHooks([]), toNormalHooks({}))
})

t.test('a context has the hooks of its parents, the outermost first, and never those of a sibling', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const [outer, later, inner, sibling] = [hook(), hook(), hook(), hook()]
  addContextHook(app, 'preHandler', outer)
  const seen: unknown[] = []
  app.register(async (scope) => {
    addContextHook(scope, 'preHandler', inner)
    scope.register(async (deeper) => void seen.push(() => collectContextHooks(deeper)))
  })
  app.register(async (scope) => {
    addContextHook(scope, 'preHandler', sibling)
    addContextHook(scope, 'preHandler', sibling)
  })
  await app.ready()
  addContextHook(app, 'preHandler', later)
  const [collect] = seen as (() => ReturnType<typeof collectContextHooks>)[]
  t.strictSame(joinHooks(collect?.() ?? []).preHandler, [outer, later, inner])
  t.strictSame(joinHooks(collectContextHooks(app)).preHandler, [outer, later])
  t.strictSame(collectContextHooks(Fastify()), [])
})

t.test('a hook with an unknown name, or that is not a function, is refused by addNamespaceHook()', async (t) => {
  const app = await build(t)
  t.equal(app.addNamespaceHook('onAck', hook()), app)
  t.throws(() => app.addNamespaceHook('onRequest' as never, hook()), {
    code: 'FST_NSP_HOOK_INVALID',
    message: 'The hook onRequest is unknown: use one of onEvent, preValidation, preHandler, onAck, onError',
  })
  t.throws(() => app.addNamespaceHook('onAck', 'x' as never), {
    code: 'FST_NSP_HOOK_INVALID',
    message: 'The hook onAck must be a function: got string',
  })
})
