import type { BroadcastOperator, Namespace } from 'socket.io'

/*
 * A broadcast that waits for acks. Socket.IO starts its timer before an adapter has the packet, and nothing would stop the timer
 * of one that is refused there: its callback would be called after the throw. So such a one is checked before.
 */

type Adapter = Namespace['adapter']

/** Hands what may be sent on to `send`; throws what is wrong with it. */
export type CheckFirst = <Result>(
  event: string,
  args: readonly unknown[],
  send: (checked: readonly unknown[]) => Result,
) => Result

/** What an operator is, for us. */
interface Operator {
  readonly adapter: Adapter
  emit(this: Operator, event: string, ...args: unknown[]): boolean
}

const CHECK_FIRST = Symbol('check first')

/** On the prototype of all operators: that it looks for a check. On an adapter: its check. */
interface Marked {
  [CHECK_FIRST]?: CheckFirst | true
}

/**
 * From now on a broadcast with an ack is checked before its timer starts, where it goes by the adapter of this namespace. All
 * operators of Socket.IO have one prototype: those of servers without a check find none, and go on as they were.
 */
export function checkAnswered(namespace: Pick<Namespace, 'adapter' | 'to'>, check: CheckFirst): void {
  ;(namespace.adapter as Marked)[CHECK_FIRST] = check
  const operators = Object.getPrototypeOf(namespace.to([]) as BroadcastOperator<never, never>) as Operator & Marked
  if (operators[CHECK_FIRST]) return
  operators[CHECK_FIRST] = true
  const { emit } = operators
  operators.emit = function (event, ...args) {
    const { [CHECK_FIRST]: checkFirst } = this.adapter as { [CHECK_FIRST]?: CheckFirst }
    const ack = args.at(-1)
    if (!checkFirst || typeof ack !== 'function') return emit.call(this, event, ...args)
    return checkFirst(event, args.slice(0, -1), (checked) => emit.call(this, event, ...checked, ack))
  }
}
