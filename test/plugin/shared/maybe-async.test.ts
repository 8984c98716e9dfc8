import t from 'tap'
import { after, contain, isThenable, mapError, runSteps } from '../../../plugin/shared/maybe-async.js'

// biome-ignore lint/suspicious/noThenProperty: what the test is about
const thenable = { then: (fulfil: (value: unknown) => unknown) => Promise.resolve(7).then(fulfil) }

t.test('any thenable is awaited, a promise or not', async (t) => {
  for (const value of [Promise.resolve(), thenable]) t.equal(isThenable(value), true)
  // biome-ignore lint/suspicious/noThenProperty: what the test is about
  for (const value of [undefined, null, 7, 'then', {}, { then: 7 }, () => {}]) t.equal(isThenable(value), false)
})

t.test('a value is passed on at once, a promise when it is fulfilled', async (t) => {
  t.equal(
    after(1, (value) => value + 1),
    2,
  )
  t.equal(await after(Promise.resolve(1), (value) => value + 1), 2)
  t.equal(await after(thenable as PromiseLike<unknown>, (value) => value), 7)
  await t.rejects(async () => after(Promise.reject(new Error('no')), () => t.fail('the next step ran')), {
    message: 'no',
  })
})

t.test('steps run in order, and synchronously if none is asynchronous', async (t) => {
  const taken: string[] = []
  const step = (name: string, result?: unknown) => (subject: string) => {
    taken.push(`${name} ${subject}`)
    return result
  }
  t.equal(runSteps([step('a'), step('b', 'not looked at'), step('c')], 'x'), undefined)
  t.strictSame(taken, ['a x', 'b x', 'c x'])

  taken.length = 0
  const pending = runSteps([step('a'), step('b', thenable), step('c', Promise.resolve()), step('d')], 'y')
  t.strictSame(taken, ['a y', 'b y'], 'the third step waits for the second one')
  await pending
  t.strictSame(taken, ['a y', 'b y', 'c y', 'd y'])

  taken.length = 0
  runSteps([step('a'), step('b')], 'z', 1)
  t.strictSame(taken, ['b z'], 'a run may start at a later step')
  t.equal(runSteps([], 'nothing to do'), undefined)
})

t.test('a throw or a rejection ends the steps', async (t) => {
  const refuse = () => {
    throw new Error('no')
  }
  t.throws(() => runSteps([refuse, () => t.fail('the next step ran')], 0), { message: 'no' })
  const steps = [async () => {}, refuse, () => t.fail('the next step ran')]
  await t.rejects(async () => runSteps(steps, 0), { message: 'no' })
  await t.rejects(async () => runSteps([async () => refuse(), () => t.fail('the next step ran')], 0), { message: 'no' })
})

t.test('mapError() replaces the error of a function, thrown or rejected, and not its result', async (t) => {
  const fail = (error: unknown): never => {
    throw new Error(`more than ${(error as Error).message}`)
  }
  const refuse = () => {
    throw new Error('no')
  }
  t.equal(
    mapError(() => 1, fail),
    1,
  )
  t.equal(await mapError(async () => 2, fail), 2)
  t.throws(() => mapError(refuse, fail), { message: 'more than no' })
  await t.rejects(async () => mapError(async () => refuse(), fail), { message: 'more than no' })
})

t.test('contain() reports the error of a function, thrown or rejected', async (t) => {
  const refuse = () => {
    throw new Error('no')
  }
  const reports: unknown[] = []
  const report = ({ message }: Error) => reports.push(message)
  contain(() => 'not looked at', report as never)
  contain(async () => {}, report as never)
  contain(refuse, report as never)
  t.strictSame(reports, ['no'])
  await new Promise<void>((resolve) => contain(async () => refuse(), resolve as never))
})
