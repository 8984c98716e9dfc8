import t from 'tap'
import type { AnyJoined } from '../../../../plugin/client/any-client.js'
import { useCall } from '../../../../plugin/client/react/use-call.js'
import { createFakeJoined } from './fake-client.js'
import { mount } from './react-harness.js'

type Shown = ReturnType<typeof useCall>

/** A component that calls, and what it has shown last. */
function createForm() {
  const shown: Shown[] = []
  const Form = ({ joined, event = 'message:send' }: { joined: AnyJoined; event?: string }) => {
    shown.push(useCall(joined, event))
    return null
  }
  const now = () => shown.at(-1) as Shown
  const state = () => {
    const { call: _, ...state } = now()
    return state
  }
  return { Form, shown, now, state }
}

const IDLE = { data: undefined, error: undefined, isPending: false }

t.test('useCall() shows a call, its answer and its error', async (t) => {
  const { Form, now, state } = createForm()
  const { joined, calls } = createFakeJoined()
  const { settle } = await mount(t, Form, { joined }, true)
  t.strictSame(state(), IDLE)

  let answer: Promise<unknown> | undefined
  await settle(() => {
    answer = now().call('hi', { retry: true })
  })
  t.match(calls, [{ event: 'message:send', payload: 'hi', options: { retry: true } }])
  t.strictSame(state(), { ...IDLE, isPending: true })
  await settle(() => calls[0]?.answer('id'))
  t.equal(await answer, 'id')
  t.strictSame(state(), { ...IDLE, data: 'id' })

  await settle(() => void now().call('again'))
  t.strictSame(state(), { ...IDLE, data: 'id', isPending: true }, 'the former data stay')
  const error = new Error('refused')
  await settle(() => calls[1]?.fail(error))
  t.strictSame(state(), { data: 'id', error, isPending: false }, 'and nobody had to catch the rejection')

  await settle(() => void now().call('again'))
  t.strictSame(state(), { ...IDLE, data: 'id', isPending: true }, 'the next call clears the error')
})

t.test('a call may be awaited, and then rejects', async (t) => {
  const { Form, now } = createForm()
  const { joined, calls } = createFakeJoined()
  const { settle } = await mount(t, Form, { joined })
  await settle(async () => {
    const answer = now().call()
    calls[0]?.fail(new Error('refused'))
    await t.rejects(answer, { message: 'refused' })
  })
})

t.test('of several calls the last one is shown', async (t) => {
  const { Form, now, state } = createForm()
  const { joined, calls } = createFakeJoined()
  const { settle } = await mount(t, Form, { joined })
  await settle(() => void now().call('a'))
  await settle(() => void now().call('ab'))
  await settle(() => calls[1]?.answer('found ab'))
  await settle(() => calls[0]?.answer('found a'))
  t.strictSame(state(), { ...IDLE, data: 'found ab' })
})

t.test('another namespace or event starts without data, and the function stays the same until then', async (t) => {
  const { Form, now, state, shown } = createForm()
  const one = createFakeJoined()
  const other = createFakeJoined()
  const { settle, render } = await mount(t, Form, { joined: one.joined })
  await settle(() => void now().call('a'))
  await settle(() => one.calls[0]?.answer('data'))
  t.equal(new Set(shown.map(({ call }) => call)).size, 1)
  await settle(() => void now().call('late'))

  await render({ joined: other.joined })
  t.strictSame(state(), IDLE)
  await settle(() => one.calls[1]?.answer('late'))
  t.strictSame(state(), IDLE, 'a late answer of the former is not shown')
  await settle(() => void now().call('b'))
  await settle(() => other.calls[0]?.fail('error'))
  t.strictSame(state(), { ...IDLE, error: 'error' })
})

t.test('an answer that comes after the unmount is for the caller alone', async (t) => {
  const { Form, now } = createForm()
  const { joined, calls } = createFakeJoined()
  const { settle, unmount } = await mount(t, Form, { joined })
  let answer: Promise<unknown> | undefined
  await settle(() => {
    answer = now().call('hi')
  })
  await unmount()
  calls[0]?.answer('id')
  t.equal(await answer, 'id')
})
