import { ignoreError, type PgClient, type PgPool } from './postgres-pool.js'

/**
 * Takes a connection of a pool. A pool may let wait for ever, if all its connections are in use. The errors of the connection are ignored
 * until `ignoreError` is taken off it.
 *
 * @throws (rejects) if there is none within `ms` milliseconds
 */
export function checkOut(pool: PgPool, ms: number): Promise<PgClient> {
  return new Promise((resolve, reject) => {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      reject(new Error(`no connection within ${ms} ms`))
    }, ms)
    // Not by its promise: PostgreSQL may say in the same breath that the connection ends, and an error without a listener ends the process.
    pool.connect((error, client) => {
      clearTimeout(timer)
      client?.on('error', ignoreError)
      if (isLate) client?.release(true)
      else if (client) resolve(client)
      else reject(readable(error as Error))
    })
  })
}

/** An error of several addresses has no message of its own. */
function readable(error: Error & { errors?: readonly Error[] }): Error {
  return error.message === '' && error.errors?.[0] ? error.errors[0] : error
}
