import t from 'tap'
import { compare, describe, shrink } from './compare.js'
import { createInput } from './inputs.js'

// A short run of the fuzzer: `npm run fuzz:frames`.
const SEED = 15
const INPUTS = 2_500

t.setTimeout(120_000)

t.test('to the same bytes in the same chunks our WebSocket server and that of ws say and do the same', async (t) => {
  const timers = countTimers()
  const indices = Array.from({ length: INPUTS }, (_, index) => index)
  for await (const index of compare(SEED, indices)) {
    const input = await shrink(createInput(SEED, index))
    t.fail(`npm run fuzz:frames -- --seed ${SEED} --from ${index} --runs 1`, { difference: await describe(input) })
    return
  }
  t.equal(countTimers(), timers, 'no timer of a close handshake is left')
})

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}
