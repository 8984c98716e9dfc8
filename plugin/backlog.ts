/*
 * What waits for a slow reader. Socket.IO keeps it in memory, without end; here it has one.
 */

/** What we need of the engine's socket. */
interface Connection {
  on(event: 'packetCreate', listener: (packet: { data?: { length?: number; byteLength?: number } }) => void): unknown
  on(event: 'flush' | 'drain', listener: () => void): unknown
  close(discard: boolean): void
}

/**
 * Closes a connection when more than `limit` bytes (of a text: characters) wait to be read; `report` hears of it first.
 * 0 is no limit.
 */
export function boundBacklog(connection: Connection, limit: number, report: (bytes: number) => void): void {
  if (limit === 0) return
  let flushed = 0
  let created = 0
  connection.on('packetCreate', ({ data }) => {
    created += data?.length ?? data?.byteLength ?? 0
    if (flushed + created <= limit) return
    report(flushed + created)
    created = 0
    connection.close(true)
  })
  connection.on('flush', () => {
    flushed += created
    created = 0
  })
  connection.on('drain', () => {
    flushed = 0
  })
}
