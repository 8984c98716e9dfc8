import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Claim, IdempotencyStore } from '../../../plugin/index.js'
import type { TestedStore } from './tested-stores.js'

/*
 * A model of an idempotency store, and the commands that are run on the model and on real stores, of two nodes.
 */

export const LEASE_MS = 3_600_000
export const TTL_MS = 1_000_000_000
const NODES = 2

/** A claim that was granted. */
interface Granted {
  readonly key: string
  readonly node: number
  readonly token: string
  readonly ack: string
  isDone: boolean
}

/** A caller that waits. */
interface Waiting {
  readonly node: number
  readonly claim: Promise<Claim>
  readonly abort: AbortController
  isSettled: boolean
}

interface KeyState {
  fingerprint: string
  holder: Granted | undefined
  isExpired: boolean
  ack: string | undefined
  waiting: Waiting[]
}

/** What the stores have to do. */
export class Model {
  readonly keys = new Map<string, KeyState>()
  readonly granted: Granted[] = []

  /** A claim by its number among all that were granted. */
  pick(number: number): Granted | undefined {
    return this.granted[number % this.granted.length]
  }

  /** The key that a claim still holds; undefined if it is lost. */
  heldBy(claim: Granted, real: Real): KeyState | undefined {
    const state = this.keys.get(claim.key)
    if (state?.holder !== claim) return undefined
    return state.isExpired && !real.tested.keepsExpired ? undefined : state
  }

  grant(key: string, state: KeyState, node: number, claim: Claim): void {
    assert.ok(claim !== 'mismatch' && 'token' in claim, `${key} is claimed, and not ${JSON.stringify(claim)}`)
    const { token } = claim
    assert.ok(!this.granted.some((other) => other.token === token), 'each claim has a token of its own')
    const granted = { key, node, token, ack: JSON.stringify({ ok: true, data: this.granted.length }), isDone: false }
    this.granted.push(granted)
    Object.assign(state, { holder: granted, isExpired: false, ack: undefined })
  }

  /** Exactly one of those who wait receives the claim. */
  async passOn(key: string, state: KeyState): Promise<void> {
    const [first] = state.waiting
    if (!first) return
    const next = await Promise.race(state.waiting.map((one) => one.claim.then(() => one)))
    state.waiting = state.waiting.filter((one) => one !== next)
    this.grant(key, state, next.node, await next.claim)
  }
}

export class Real {
  readonly tested: TestedStore
  readonly nodes: IdempotencyStore[]

  constructor(tested: TestedStore) {
    this.tested = tested
    this.nodes = Array.from({ length: NODES }, () => tested.create())
  }

  node(number: number): IdempotencyStore {
    return this.nodes[number] as IdempotencyStore
  }

  async end(model: Model): Promise<void> {
    const waiting = [...model.keys.values()].flatMap((state) => state.waiting)
    for (const { abort } of waiting) abort.abort()
    await Promise.allSettled(waiting.map(({ claim }) => claim))
    await this.tested.endAll()
    if (this.nodes[0] !== this.nodes[1]) await Promise.all(this.nodes.map((node) => node.close?.()))
  }
}

type Command = fc.AsyncCommand<Model, Real>

/** Those who have to wait still do. */
async function checkWaiting(model: Model): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  for (const { waiting } of model.keys.values()) assert.ok(waiting.every(({ isSettled }) => !isSettled))
}

const claimKey = (node: number, key: string, fingerprint: string): Command => ({
  check: () => true,
  async run(model, real) {
    const state = model.keys.get(key)
    const abort = new AbortController()
    const options = { leaseMs: LEASE_MS, ttlMs: TTL_MS, fingerprint, signal: abort.signal }
    const claim = real.node(node).claim(key, options)
    const isTaken = state && (state.ack !== undefined || !state.isExpired)
    if (!isTaken) {
      const fresh = { fingerprint, holder: undefined, isExpired: false, ack: undefined, waiting: [] }
      model.keys.set(key, fresh)
      model.grant(key, fresh, node, await claim)
    } else if (state.fingerprint !== fingerprint) assert.equal(await claim, 'mismatch')
    else if (state.ack !== undefined) assert.deepEqual(await claim, { ack: state.ack })
    else {
      const waiting = { node, claim, abort, isSettled: false }
      const settle = () => {
        waiting.isSettled = true
      }
      claim.then(settle, settle)
      state.waiting.push(waiting)
    }
    await checkWaiting(model)
  },
  toString: () => `node ${node} claims ${key} for ${fingerprint}`,
})

/** A command on one of the claims that were granted. */
function onClaim(
  what: string,
  number: number,
  call: (real: Real, claim: Granted) => Promise<void>,
  changed: (claim: Granted, held: KeyState, model: Model) => unknown,
): Command {
  return {
    check: (model) => model.pick(number)?.isDone === false,
    async run(model, real) {
      const claim = model.pick(number) as Granted
      const held = model.heldBy(claim, real)
      const called = call(real, claim)
      if (held) {
        await called
        await changed(claim, held, model)
      } else if (what === 'release') await called
      else await assert.rejects(called, { code: 'FST_NSP_CLAIM_LOST' })
      await checkWaiting(model)
    },
    toString: () => `${what} claim ${number}`,
  }
}

const settle = (number: number) =>
  onClaim(
    'settle',
    number,
    (real, { node, token, ack }) => real.node(node).settle(token, ack),
    async (claim, held) => {
      claim.isDone = true
      const { waiting } = held
      Object.assign(held, { holder: undefined, isExpired: false, ack: claim.ack, waiting: [] })
      for (const one of waiting) assert.deepEqual(await one.claim, { ack: claim.ack })
    },
  )

const renew = (number: number) =>
  onClaim(
    'renew',
    number,
    (real, { node, token }) => real.node(node).renew(token),
    (_claim, held) => {
      held.isExpired = false
    },
  )

const release = (number: number) =>
  onClaim(
    'release',
    number,
    (real, { node, token }) => real.node(node).release(token),
    async (claim, held, model) => {
      claim.isDone = true
      if (held.waiting.length === 0) model.keys.delete(claim.key)
      else await model.passOn(claim.key, held)
    },
  )

async function expire(model: Model, { tested }: Real): Promise<void> {
  for (const [key, state] of model.keys) {
    if (!state.holder) continue
    state.isExpired = true
    if (state.waiting.length === 0) continue
    await tested.look?.(key, state.fingerprint)
    await model.passOn(key, state)
  }
  await checkWaiting(model)
}

const leasesEnd: Command = {
  check: () => true,
  async run(model, real) {
    await real.tested.endLeases()
    await expire(model, real)
  },
  toString: () => 'all leases end',
}

const allEnds: Command = {
  check: () => true,
  async run(model, real) {
    await real.tested.endAll()
    for (const [key, { ack }] of model.keys) if (ack !== undefined) model.keys.delete(key)
    await expire(model, real)
  },
  toString: () => 'all leases end, and all acks are dropped',
}

/** A node is gone, with those of its callers that wait, and starts again. */
const die = (node: number): Command => ({
  check: () => true,
  async run(model, real) {
    await real.node(node).close?.()
    for (const state of model.keys.values()) {
      const dead = state.waiting.filter((one) => one.node === node)
      state.waiting = state.waiting.filter((one) => one.node !== node)
      for (const { claim } of dead) await assert.rejects(claim, /closed/)
    }
    real.nodes[node] = real.tested.create()
    await checkWaiting(model)
  },
  toString: () => `node ${node} dies`,
})

const node = fc.nat(NODES - 1)
const number = fc.nat(20)

/** Commands in any order. The memory store has no other node that could die. */
export function commandsOf(tested: TestedStore): fc.Arbitrary<Iterable<Command>> {
  const all: fc.Arbitrary<Command>[] = [
    fc.tuple(node, fc.constantFrom('a', 'b'), fc.constantFrom('one', 'two')).map((given) => claimKey(...given)),
    fc.tuple(node, fc.constant('a'), fc.constant('one')).map((given) => claimKey(...given)),
    number.map(settle),
    number.map(renew),
    number.map(release),
    fc.constant(leasesEnd),
    fc.constant(allEnds),
  ]
  return fc.commands(tested.look ? all : [...all, node.map(die)], { maxCommands: 25 })
}
