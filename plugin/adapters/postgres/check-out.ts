import type { PgClient, PgPool } from './postgres-pool.js'

/**
 * Takes a connection of a pool. A pool may let wait for ever, if all its connections are in use.
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
    pool.connect().then(
      (client) => {
        clearTimeout(timer)
        if (isLate) client.release(true)
        else resolve(client)
      },
      (error) => {
        clearTimeout(timer)
        reject(readable(error))
      },
    )
  })
}

/** An error of several addresses has no message of its own. */
function readable(error: Error & { errors?: readonly Error[] }): Error {
  return error.message === '' && error.errors?.[0] ? error.errors[0] : error
}
