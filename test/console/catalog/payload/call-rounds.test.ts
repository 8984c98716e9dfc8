import t from 'tap'
import { callRounds, MOST_ROUNDS, summarizeRounds } from '../../../../console/catalog/payload/call-rounds.js'

t.test('a call is made as often as asked, and at most 1,000 times', async (t) => {
  const { signal } = new AbortController()
  let calls = 0
  const call = async () => void calls++
  await callRounds(call, { times: 3, everyMs: 0, signal })
  t.equal(calls, 3)
  await callRounds(call, { times: MOST_ROUNDS + 5, everyMs: 0, signal })
  t.equal(calls, MOST_ROUNDS + 3)
})

t.test('a call does not wait for the one before it', async (t) => {
  const { signal } = new AbortController()
  const answers: (() => void)[] = []
  const done = callRounds(
    () =>
      new Promise<void>((resolve) => {
        answers.push(resolve)
        if (answers.length === 3) for (const answer of answers) answer()
      }),
    { times: 3, everyMs: 0, signal },
  )
  await done
  t.equal(answers.length, 3)
})

t.test('the signal ends the wait for the next call', async (t) => {
  const stop = new AbortController()
  let calls = 0
  await callRounds(
    async () => {
      calls++
      stop.abort()
    },
    { times: 3, everyMs: 60_000, signal: stop.signal },
  )
  t.equal(calls, 1)
})

t.test('calls are summarized', async (t) => {
  t.strictSame(summarizeRounds([{ ms: 3 }, { ms: 1, code: 'FULL' }, { ms: 2, code: 'FULL' }]), {
    ok: 1,
    failed: 2,
    minMs: 1,
    medianMs: 2,
    maxMs: 3,
    codes: { FULL: 2 },
  })
  t.strictSame(summarizeRounds([]), { ok: 0, failed: 0, minMs: 0, medianMs: 0, maxMs: 0, codes: {} })
})
