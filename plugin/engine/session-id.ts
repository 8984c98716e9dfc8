import { randomFillSync } from 'node:crypto'

/*
 * Ids of the engine's sessions, which are secrets: as long as its own, and all of an id is random. Drawing the bytes of some
 * hundred at once takes a twentieth of its time.
 */

// A multiple of 3: base64 without padding.
const ID_BYTES = 15
const IDS = 256

const drawn = Buffer.alloc(IDS * ID_BYTES)
let used = drawn.length

export function createSessionId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  used += ID_BYTES
  return drawn.toString('base64url', used - ID_BYTES, used)
}
