import 'reflect-metadata'
import { createServer } from 'node:http'
import { validateOrReject } from 'class-validator'
import { Server } from 'socket.io'
import {
  ConnectedSocket,
  EmitOnFail,
  MessageAck,
  MessageBody,
  Middleware,
  OnConnect,
  OnMessage,
  SocketController,
  SocketControllers,
  SocketIO,
} from 'socket-controllers'
import { checkToken, namespacesOf, ROOM, ROOM_SEATS, startUpEventsOf } from '../.built/application.js'
import { createMessage } from '../.built/message.js'
import { createMessageClass, decorateMethod } from './dto.mjs'

/*
 * socket-controllers: a controller for each namespace; it makes the instances, class-validator checks them.
 */

export async function start(scenario) {
  const names = namespacesOf(scenario)
  const server = createServer()
  const io = new Server(server)
  const instances = new Map()
  new SocketControllers({
    io,
    container: {
      get(Class) {
        if (!instances.has(Class)) instances.set(Class, new Class())
        return instances.get(Class)
      },
    },
    controllers: names.map(scenario.kind === 'startup' ? createManyController : (name) => createController(name)),
    middlewares: scenario.hasHook ? [createHook(names)] : [],
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

async function reply(message, ack) {
  await validateOrReject(message, { whitelist: true, forbidNonWhitelisted: true })
  ack({ id: message.id, ok: true })
}

function createController(namespace) {
  let shouts = 0
  class Controller {
    connect(socket) {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) socket.join(ROOM)
    }
    echo(message, ack) {
      return reply(message, ack)
    }
    raw(message, ack) {
      ack({ id: message.id, ok: true })
    }
    binary(data, ack) {
      ack(data)
    }
    shout(io) {
      io.of(namespace).emit('news', createMessage(shouts++))
    }
    shoutToRoom(socket) {
      socket.to(ROOM).emit('news', createMessage(shouts++))
    }
    shoutToOthers(io) {
      io.of(namespace).except(ROOM).emit('news', createMessage(shouts++))
    }
  }
  SocketController(namespace)(Controller)
  declareTypes(Controller, 'echo', [createMessageClass(), Function])
  for (const method of ['connect', 'raw', 'binary', 'shout', 'shoutToRoom', 'shoutToOthers']) {
    declareTypes(Controller, method, [Object, Object])
  }
  decorateMethod(Controller, 'connect', [OnConnect()], [ConnectedSocket()])
  decorateMethod(Controller, 'echo', [OnMessage('echo'), EmitOnFail('exception')], [MessageBody(), MessageAck()])
  decorateMethod(Controller, 'raw', [OnMessage('raw')], [MessageBody({ transform: false }), MessageAck()])
  decorateMethod(Controller, 'binary', [OnMessage('binary')], [MessageBody({ transform: false }), MessageAck()])
  decorateMethod(Controller, 'shout', [OnMessage('shout')], [SocketIO()])
  decorateMethod(Controller, 'shoutToRoom', [OnMessage('shout:room')], [ConnectedSocket()])
  decorateMethod(Controller, 'shoutToOthers', [OnMessage('shout:others')], [SocketIO()])
  return Controller
}

// What TypeScript would have written down.
function declareTypes(Class, method, types) {
  Reflect.defineMetadata('design:paramtypes', types, Class.prototype, method)
}

function createHook(namespace) {
  class Hook {
    use(socket, next) {
      checkToken(socket.handshake.auth.token).then(() => next(), next)
    }
  }
  Middleware({ namespace })(Hook)
  return Hook
}

function createManyController(namespace) {
  class Controller {}
  SocketController(namespace)(Controller)
  for (const { event, extra } of startUpEventsOf(namespace)) {
    Object.defineProperty(Controller.prototype, event, { value: reply, configurable: true, writable: true })
    declareTypes(Controller, event, [createMessageClass(extra), Function])
    decorateMethod(Controller, event, [OnMessage(event), EmitOnFail('exception')], [MessageBody(), MessageAck()])
  }
  return Controller
}
