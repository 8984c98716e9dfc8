/*
 * What stands for binary data while a Standard Schema looks at it, and notes what is asked of it.
 */

/** Binary data for who asks for its class, its length or its bytes; without a key for who walks over it. */
export class Lookalike implements ProxyHandler<object> {
  readonly binary: object
  readonly path: string
  readonly hasClass: boolean
  isClassAsked = false
  isWalked = false
  /** Whether a field was asked for that binary data has not. */
  isRead = false
  /** Whether its bytes were asked for, by who has asked for its class. */
  isOpened = false

  constructor(binary: object, path: string, hasClass: boolean) {
    this.binary = binary
    this.path = path
    this.hasClass = hasClass
  }

  get(_target: object, key: string | symbol): unknown {
    // A trap for each byte takes its time: whoever has got so far is given the data itself, and is through with this.
    if (this.isClassAsked && BYTE.test(String(key))) {
      this.isOpened = true
      return 0
    }
    if (this.isOpened && LENGTHS.includes(key)) return 0
    this.#note(key)
    if (!this.hasClass && CLASS.includes(key)) return undefined
    const value = Reflect.get(this.binary, key)
    // A method works on the data alone.
    return typeof value === 'function' && key !== 'constructor' ? value.bind(this.binary) : value
  }

  has(_target: object, key: string | symbol): boolean {
    this.#note(key)
    return Reflect.has(this.binary, key)
  }

  getPrototypeOf(): object | null {
    this.isClassAsked = true
    return this.hasClass ? Reflect.getPrototypeOf(this.binary) : Object.prototype
  }

  ownKeys(): string[] {
    this.isWalked = true
    return []
  }

  #note(key: string | symbol): void {
    if (key === Symbol.toStringTag) this.isClassAsked = true
    else if (typeof key === 'string' && !COMMON.test(key) && !Reflect.has(this.binary, key)) this.isRead = true
  }
}

const CLASS: readonly unknown[] = ['constructor', Symbol.toStringTag]
const LENGTHS: readonly unknown[] = ['length', 'byteLength']
const BYTE = /^\d+$/
// Bytes that may be there or not, and what is asked of anything: whether it is a promise, or has its own word for JSON.
const COMMON = /^(\d+|then|toJSON)$/
