import type { LogEntry } from '../../../../console/log/log-types.js'
import type { Lane, Session, SessionAction } from '../../../../console/session/session-types.js'
import { createWritable } from '../../../../console/shared/writable.js'
import { createPageStorage } from '../../../../console/workbench/page-storage.js'
import type { RecordedStep, Recording } from '../../../../console/workbench/scenario/recorded-step.js'
import { createRecorder } from '../../../../console/workbench/scenario/recorder.js'
import { createVariables } from '../../../../console/workbench/variables.js'
import type { Workspace } from '../../../../console/workbench/workspace.js'

type Environment = { values?: Record<string, string>; secrets?: Record<string, string> }

/** A recorder that records what the test says that the reader does. */
export function record({ values = {}, secrets = {} }: Environment = {}) {
  const variables = createVariables(createPageStorage('/'))
  variables.set({ current: 'local', all: [{ name: 'local', values, secrets }] })
  let act: (action: SessionAction) => void = () => {}
  let hear: (entry: LogEntry) => void = () => {}
  const lanes = createWritable<readonly Pick<Lane, 'name' | 'address' | 'state'>[]>([])
  const session = {
    number: 1,
    identity: createWritable({ auth: {} }),
    lanes,
    onAction: (listener: typeof act) => {
      act = listener
      return () => {}
    },
  }
  const log = {
    onEntry: (listener: typeof hear) => {
      hear = listener
      return () => {}
    },
  }
  // The recorder reads only these of a workspace.
  const description = createWritable({ namespaces: [{ name: '/chat' }] })
  const workspace = {
    description,
    variables,
    log,
    sessions: createWritable([session as unknown as Session]),
  } as unknown as Workspace
  const recorder = createRecorder(workspace)
  recorder.start()
  let number = 0
  const where = (address: string, identity = 1) => ({ identity, name: address, address })
  return {
    recorder,
    lanes,
    join: (address: string, auth = '{}', identity = 1) => act({ ...where(address, identity), kind: 'join', auth }),
    act: (address: string, action: object, identity = 1) =>
      act({ ...where(address, identity), ...action } as SessionAction),
    call: (address: string, event: string, source: string, ack: unknown, identity = 1) => {
      const { ok, error } = Object(ack)
      const result = { acks: [ack], ms: 1, ...(ok === false && { error }) }
      act({ ...where(address, identity), kind: 'call', event, args: [], source, result })
    },
    hear: (address: string, event: string, payload: unknown, identity = 1) => {
      const text = JSON.stringify([payload])
      hear({ kind: 'in', identity, address, event, text, number: ++number, at: 0 })
    },
    expectLast: () => {
      const [emit] = recorder.heard()
      if (emit) recorder.expectEmit(emit)
    },
    keep: (keep: RecordedStep['keep']) => recorder.set(recorder.steps.getSnapshot().map((step) => ({ ...step, keep }))),
    recording: (more: Partial<Recording> = {}): Recording => ({
      title: 'a recording',
      url: 'http://localhost:3000',
      path: '/socket.io',
      steps: recorder.steps.getSnapshot(),
      variables: recorder.variables(),
      ...more,
    }),
  }
}
