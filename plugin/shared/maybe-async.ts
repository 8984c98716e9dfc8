/*
 * Steps that may or may not be asynchronous, without a promise where none is needed: most events need none.
 */

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** A promise as it is, and one for any other thenable: what its own `then` returns is anybody's guess. */
export function promiseOf<Value>(thenable: PromiseLike<Value>): Promise<Value> {
  return thenable instanceof Promise ? thenable : Promise.resolve(thenable)
}

/** Goes on with a value when it is there, at once or when its promise is fulfilled; `subject` spares `next` a closure. */
export function after<Value, Result, Subject = undefined>(
  value: Value | PromiseLike<Value>,
  next: (value: Value, subject: Subject) => Result | PromiseLike<Result>,
  subject?: Subject,
): Result | PromiseLike<Result> {
  if (!isThenable(value)) return next(value, subject as Subject)
  return promiseOf(value as PromiseLike<Value>).then((fulfilled) => next(fulfilled, subject as Subject))
}

/** One thing to do; a promise is waited for, any other result is not looked at. */
export type Step<Subject> = (subject: Subject) => unknown

/**
 * Takes the steps one after another; a throw or a rejection ends the runSteps, and so does `isOver`, which is asked before each.
 * Resolves, or returns, when all are done, or none is left to be taken.
 */
export function runSteps<Subject>(
  steps: readonly Step<Subject>[],
  subject: Subject,
  from = 0,
  isOver: (subject: Subject) => boolean = never,
): unknown {
  for (let index = from; index < steps.length; index++) {
    if (isOver(subject)) return undefined
    const pending = steps[index]?.(subject)
    if (isThenable(pending)) return promiseOf(pending).then(() => runSteps(steps, subject, index + 1, isOver))
  }
  return undefined
}

function never(): boolean {
  return false
}

/** Calls a function, with a value; what it throws or rejects with goes to `fail`, which throws something that says more. */
export function mapError<Value = undefined>(
  call: (value: Value) => unknown,
  fail: (error: unknown) => never,
  value?: Value,
): unknown {
  try {
    const result = call(value as Value)
    return isThenable(result) ? promiseOf(result).then(undefined, fail) : result
  } catch (error) {
    return fail(error)
  }
}

/** Calls a function for its own sake; what it throws or rejects with goes to `report`. */
export function contain(call: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = call()
    if (isThenable(result)) promiseOf(result).then(undefined, report)
  } catch (error) {
    report(error)
  }
}
