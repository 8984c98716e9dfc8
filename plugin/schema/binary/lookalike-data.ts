/*
 * A proxy that stands for binary data while a Standard Schema checks it, and records how the schema accesses it.
 */

/** The handler of the proxy. It has the class, the length and the methods of the data, but no keys to iterate over. */
export class Lookalike implements ProxyHandler<object> {
  readonly binary: object
  readonly path: string
  readonly hasClass: boolean
  /** Whether the schema read the class. */
  isClassAsked = false
  /** Whether the schema listed the keys. */
  isWalked = false
  /** Whether the schema read a property that binary data does not have. */
  isRead = false
  /** Whether the schema read bytes, after the class. */
  isOpened = false

  constructor(binary: object, path: string, hasClass: boolean) {
    this.binary = binary
    this.path = path
    this.hasClass = hasClass
  }

  get(_target: object, key: string | symbol): unknown {
    // A trap for each byte is slow. The schema receives the data itself later, so this check ends here: the length is 0.
    if (this.isClassAsked && BYTE.test(String(key))) {
      this.isOpened = true
      return 0
    }
    if (this.isOpened && LENGTHS.includes(key)) return 0
    this.#note(key)
    if (!this.hasClass && CLASS.includes(key)) return undefined
    const value = Reflect.get(this.binary, key)
    // The methods of binary data do not work on a proxy.
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
// Properties that say nothing about the expected type: bytes, and those that are read of any value.
const COMMON = /^(\d+|then|toJSON)$/
