import { readFile } from 'node:fs/promises'
import t from 'tap'
import type { AnyClient, AnyJoined, JoinState, Readable } from '../../plugin/client.js'
import { createFakeClient } from '../plugin/client/react/fake-client.js'

/* The code of docs/react.md for Vue and Svelte runs, with stand-ins for the functions that it imports of them. */

const page = await readFile(new URL('../../docs/react.md', import.meta.url), 'utf8')

/** Runs the block that imports a package, with stand-ins in place of the package. */
async function importBlock<Code>(name: string, standIns: string): Promise<Code> {
  const blocks = [...page.matchAll(/<!-- run by test\/docs\/react\.test\.ts -->\n```js\n(.*?)```/gs)]
  const code = String(blocks.map(([, block]) => block).find((block) => block?.includes(`'${name}'`)))
  const url = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`
  return import(url(code.replace(`'${name}'`, `'${url(standIns)}'`)))
}

type Join<Result> = (client: AnyClient, name: string, params?: object) => Result
interface Vue {
  readonly useNamespace: Join<{ readonly state: { readonly value: unknown } }>
}
interface Svelte {
  readonly useNamespace: Join<AnyJoined>
  readonly toStore: (readable: Readable<JoinState>) => {
    readonly subscribe: (run: (state: JoinState) => void) => () => void
  }
}

/** What a component does when it goes. */
const disposals: (() => void)[] = []
Object.assign(globalThis, { disposals })

t.test('Vue: a namespace is joined while a component is mounted, and its state is a ref', async (t) => {
  const standIns = `
    export const shallowRef = (value) => ({ value })
    export const onScopeDispose = (dispose) => disposals.push(dispose)
  `
  const { useNamespace } = await importBlock<Vue>('vue', standIns)
  const { client, joins } = createFakeClient()
  const { state } = useNamespace(client, '/chat', { room: 1 })
  t.strictSame(
    joins.map(({ params }) => params),
    [{ room: 1 }],
  )
  t.same(state.value, { status: 'joining' })
  joins[0]?.setState({ status: 'joined', recovered: false })
  t.same(state.value, { status: 'joined', recovered: false })
  disposals.pop()?.()
  t.same(state.value, { status: 'left' })
})

t.test('Svelte: a namespace is joined while a component is mounted, and its state is a store', async (t) => {
  const standIns = 'export const onDestroy = (dispose) => disposals.push(dispose)'
  const { useNamespace, toStore } = await importBlock<Svelte>('svelte', standIns)
  const { client, joins } = createFakeClient()
  const joined = useNamespace(client, '/chat')
  const seen: unknown[] = []
  const store = toStore(joined.state)
  const off = store.subscribe(({ status }) => seen.push(status))
  joins[0]?.setState({ status: 'joined', recovered: false })
  off()
  disposals.pop()?.()
  t.strictSame(seen, ['joining', 'joined'])
  t.equal(joins[0]?.status, 'left')
})
