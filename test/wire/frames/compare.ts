import { createInput, type Input, type Step } from './inputs.js'
import type { ServerName } from './servers.js'
import { run, type Trace } from './trace.js'

/*
 * Compares the traces of two servers, and makes an input smaller as long as they differ.
 */

/** Inputs that run at the same time. */
const AT_ONCE = 32
/** After that time an input is small enough. */
const SHRINK_MS = 20_000

/** The indices of the inputs that were running when an error was not caught. */
export let running: readonly number[] = []

async function tracesOf(input: Input): Promise<Record<ServerName, Trace>> {
  const [stock, ours] = await Promise.all([run('stock', input), run('ours', input)])
  return { stock, ours }
}

/** Runs the inputs with these indices; yields those in which the servers differ. */
export async function* compare(seed: number, indices: Iterable<number>): AsyncGenerator<number> {
  for (const some of inGroups(indices)) {
    running = some
    const results = await Promise.all(
      some.map(async (index) => ({ index, traces: await tracesOf(createInput(seed, index)) })),
    )
    for (const { index, traces } of results) {
      if (!areAlike(traces)) yield index
    }
  }
}

function areAlike({ stock, ours }: Record<ServerName, Trace>): boolean {
  const areSeen = isSame(stock.seen, ours.seen)
  if (!stock.isCutOff && !ours.isCutOff)
    return areSeen && isSame(stock.sent, ours.sent) && stock.received.equals(ours.received)
  const length = Math.min(stock.received.length, ours.received.length)
  return areSeen && stock.received.subarray(0, length).equals(ours.received.subarray(0, length))
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index])
}

function* inGroups(indices: Iterable<number>): Generator<number[]> {
  let group: number[] = []
  for (const index of indices) {
    group.push(index)
    if (group.length < AT_ONCE) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

/** Makes an input smaller: without steps, with shorter bytes, with the usual options. The traces still differ. */
export async function shrink(input: Input): Promise<Input> {
  let smallest = input
  const started = performance.now()
  const isTimeUp = () => performance.now() - started > SHRINK_MS

  async function attempt(changes: Partial<Input>): Promise<boolean> {
    if (isTimeUp()) return false
    const smaller = { ...smallest, ...changes }
    if (areAlike(await tracesOf(smaller))) return false
    smallest = smaller
    return true
  }

  async function dropSteps(): Promise<boolean> {
    let isSmaller = false
    for (let size = Math.ceil(smallest.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < smallest.steps.length && !isTimeUp(); ) {
        const { steps } = smallest
        if (await attempt({ steps: [...steps.slice(0, from), ...steps.slice(from + size)] })) isSmaller = true
        else from += size
      }
    }
    return isSmaller
  }

  async function shortenBytes(): Promise<boolean> {
    let isSmaller = false
    for (let nth = 0; nth < smallest.steps.length && !isTimeUp(); nth++) {
      const bytes = smallest.steps[nth]
      if (!Buffer.isBuffer(bytes)) continue
      for (let size = Math.ceil(bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
        for (let from = 0; ; ) {
          const { steps } = smallest
          const now = steps[nth] as Buffer
          if (from + size > now.length) break
          const shorter: Step = Buffer.concat([now.subarray(0, from), now.subarray(from + size)])
          if (await attempt({ steps: steps.with(nth, shorter) })) isSmaller = true
          else from += size
        }
      }
    }
    return isSmaller
  }

  await attempt({ request: {} })
  await attempt({ hasHead: false })
  await attempt({ isEcho: false })
  await attempt({ isSilent: false })
  await attempt({ onOpen: undefined })
  await attempt({ onMessage: new Map() })
  await attempt({ maxPayload: 1_000_000 })
  await attempt({ pace: 'now' })
  while ((await dropSteps()) || (await shortenBytes())) if (isTimeUp()) break
  return smallest
}

/** An input and the traces of it, to be read. */
export async function describe(input: Input): Promise<string> {
  const { steps, ...options } = input
  const traces = await tracesOf(input)
  return [
    JSON.stringify({ ...options, onMessage: [...input.onMessage] }),
    ...steps.map((step) => `  ${Buffer.isBuffer(step) ? abridge(step.toString('hex')) : JSON.stringify(step)}`),
    ...Object.entries(traces).flatMap(([name, { seen, sent, received }]) => [
      `${name}:`,
      ...seen.map((line) => `  ${abridge(JSON.stringify(line))}`),
      `  sent: ${sent.join(', ')}`,
      `  received: ${abridge(afterHandshake(received))}`,
    ]),
  ].join('\n')
}

function abridge(text: string): string {
  return text.length <= 400 ? text : `${text.slice(0, 200)} … ${text.length} … ${text.slice(-100)}`
}

function afterHandshake(received: Buffer): string {
  const end = received.indexOf('\r\n\r\n') + 4
  const head = received.toString('latin1', 0, end)
  return `${head.startsWith('HTTP/1.1 101') ? '' : JSON.stringify(head)}${received.toString('hex', end)}`
}
