import { mock } from 'node:test'
import type { Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import type { LogItem } from '../../../../plugin/adapters/log/log-item.js'
import { startReadingNode } from './reading-node.js'

/** A node that reads `/chat`. What happens to its sockets is in `events`: the texts that they receive, and `closed`. */
export async function startReader(t: Test, Connection = KeeperConnection) {
  const keeper = new LogKeeper()
  const events: string[] = []
  const receiver = {
    receive: (item: LogItem) => void (item.kind === 'emit' && events.push(JSON.parse(item.text.slice(1))[0])),
    answer: () => undefined,
    closeConnections: () => void events.push('closed'),
  }
  const connection = new Connection(keeper, 'reader', 60_000)
  const { node, lines, attach, detach, log } = await startReadingNode(t, connection, receiver)
  for (const writer of ['a', 'b']) node.messages.receive(JSON.stringify([writer, 'hello', null]))
  /** Appends an entry of a writer with a number. */
  const append = (writer: string, number: number, { epoch = keeper.epoch, again = '', since = '' } = {}) => {
    const body = `${epoch}${(again || since) && ` ${again}`}${since && ` ${since}`}\n[["/chat"],[0]]\n[0,"e","2[\\"${writer}${number}\\"]",0,[],[]]`
    return keeper.append(0, { node: writer, number, body }, 60_000)
  }
  /** Resolves when everything of the log has arrived here. */
  const arrived = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  }
  return { keeper, connection, node, lines, events, attach, detach, append, arrived, log }
}

/** Timers stand still until they are told how much time has passed. */
export function mockTimers(t: Test, apis: ('setTimeout' | 'setInterval')[] = ['setTimeout']): (ms: number) => void {
  mock.timers.enable({ apis })
  t.teardown(() => mock.timers.reset())
  return (ms) => mock.timers.tick(ms)
}
