/*
 * Counts the WebSockets of this page. It replaces window.WebSocket, so it must be loaded before Socket.IO.
 */

/** Number of WebSockets that are open, and that were ever opened. Its `change` event reports changes. */
export const websockets = Object.assign(new EventTarget(), { open: 0, ever: 0 })

window.WebSocket = class extends window.WebSocket {
  constructor(...args) {
    super(...args)
    this.addEventListener('open', () => {
      websockets.open += 1
      websockets.ever += 1
      websockets.dispatchEvent(new Event('change'))
      this.addEventListener('close', () => {
        websockets.open -= 1
        websockets.dispatchEvent(new Event('change'))
      })
    })
  }
}
