/*
 * Counts the WebSockets of this page, the real ones: it stands in front of window.WebSocket, and so it is loaded before
 * Socket.IO is.
 */

/** How many are open now, and how many ever were. Has a `change` event. */
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
