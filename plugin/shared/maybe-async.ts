/*
 * Calls functions that may or may not return a promise, without creating one if they do not: the synchronous path.
 */

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/** Returns a promise as it is, and wraps any other thenable, because the result of its `then` is not specified. */
export function promiseOf<Value>(thenable: PromiseLike<Value>): Promise<Value> {
  return thenable instanceof Promise ? thenable : Promise.resolve(thenable)
}

/**
 * Calls `next` with a value: at once, or when its promise is fulfilled.
 *
 * @param subject - a second argument for `next`, so that callers need no closure
 */
export function after<Value, Result, Subject = undefined>(
  value: Value | PromiseLike<Value>,
  next: (value: Value, subject: Subject) => Result | PromiseLike<Result>,
  subject?: Subject,
): Result | PromiseLike<Result> {
  if (!isThenable(value)) return next(value, subject as Subject)
  return promiseOf(value as PromiseLike<Value>).then((fulfilled) => next(fulfilled, subject as Subject))
}

/** One step. A promise that it returns is awaited; any other result is ignored. */
export type Step<Subject> = (subject: Subject) => unknown

/**
 * Runs steps one after another, and stops at the first throw or rejection.
 *
 * @param isOver - called before each step; true ends the run
 * @returns undefined if every step was synchronous, otherwise a promise
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

/** Calls a function. Its error, thrown or rejected, goes to `fail`, which throws a more specific one. */
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

/** Calls a function and ignores its result. Its error, thrown or rejected, goes to `report`. */
export function contain(call: () => unknown, report: (error: unknown) => void): void {
  try {
    const result = call()
    if (isThenable(result)) promiseOf(result).then(undefined, report)
  } catch (error) {
    report(error)
  }
}
