/** The mode `thread`: each worker in a `worker_threads` thread, reached over a message port of its own. */
import { clone } from "../wire/clone.js";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { CrashDetails } from "../errors.js";
import { PortChannel } from "../wire/port-channel.js";
import { RingChannel } from "../wire/ring/ring-channel.js";
import { allocateRings } from "../wire/ring/ring-memory.js";
import type { WorkerIdentity } from "../wire/protocol.js";
import type { Executor, HostSetup } from "./executor.js";
import { hostCode } from "./host-code.js";
import { threadProgram } from "./host-program.js";
import { RemoteHost, type Vessel, type VesselEvents } from "./remote-host.js";
import { snapshot } from "./snapshot.js";
import { startThread } from "./start-thread.js";

export const threadExecutor: Executor = {
  mode: "thread",
  canTerminate: true,
  prepareArguments: (name, args) => snapshot(name, args, clone, clone),
  create: (setup) => {
    const begun = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const { start, settings, label } = setup;
    const thread = { settings, label, identity: start.identity, begun };
    const wire = settings.transport === "port" ? "port" : "rings";
    return new RemoteHost({ ...setup, start: { ...start, begun } }, (events) => openThread(thread, events, wire));
  },
};

/** What is needed of a setup to start a thread. */
export type ThreadSetup = Pick<HostSetup, "settings" | "label"> & {
  readonly identity: WorkerIdentity;
  /** Where the thread says which calls it began. */
  readonly begun: SharedArrayBuffer;
};

/** The `workerData` of a thread. */
export interface ThreadData {
  "manyhands.thread": ThreadStart;
}

/** What a thread is told when it begins: the rest comes over the channel. */
interface ThreadStart {
  readonly port: MessagePort;
  /** What V8 made of the program, where that is there (`host-code.ts`). */
  readonly code: SharedArrayBuffer;
  /** The rings, where it is spoken to through them. */
  readonly memory?: SharedArrayBuffer | undefined;
  /** As in `ThreadSetup`, where the start message cannot hold it. */
  readonly begun?: SharedArrayBuffer;
}

/** How a thread is spoken to: through memory, by messages, or by messages of bytes, for who only hands them on. */
export type ThreadWire = "rings" | "port" | "packed";

/** Starts a thread. */
export function openThread(setup: ThreadSetup, events: Pick<VesselEvents, "exited">, wire: ThreadWire): Vessel {
  const { port1, port2 } = new MessageChannel();
  const memory = wire === "rings" ? allocateRings() : undefined;
  const { execArgv, env, resourceLimits } = setup.settings;
  const isPacked = wire === "packed";
  const program = threadProgram(isPacked ? "packed-thread" : "thread");
  const code = hostCode(program.code);
  const told: ThreadStart = isPacked ? { port: port2, code, begun: setup.begun } : { port: port2, code, memory };
  const { thread, end } = startThread(
    program.entry,
    {
      workerData: { "manyhands.thread": told } satisfies ThreadData,
      transferList: [port2],
      name: `${setup.label} ${setup.identity.index}`,
      ...(execArgv && { execArgv: [...execArgv] }),
      ...(env && { env: env as NodeJS.ProcessEnv }),
      ...(resourceLimits && { resourceLimits }),
    },
    program.arguments,
  );
  const rings = memory && new RingChannel(port1, memory, "caller");
  const channel = rings ?? new PortChannel(port1);
  const begun = new Int32Array(setup.begun);
  let failure: Error | undefined;
  let isKilled = false;
  thread.on("error", (error: Error) => (failure = error));
  thread.on("exit", (exitCode: number) => events.exited(describeExit(exitCode, failure, isKilled), failure));
  const kill = (): void => {
    // Each time would add a listener to the thread.
    if (isKilled) return;
    isKilled = true;
    end();
  };
  return {
    channel,
    ...(rings && { rings }),
    trySend: clone,
    begun: () => Atomics.load(begun, 0),
    kill,
    leave: kill,
    ref: () => {
      thread.ref();
      channel.ref();
    },
    unref: () => {
      thread.unref();
      channel.unref();
    },
  };
}

function describeExit(exitCode: number, failure: Error | undefined, isKilled: boolean): CrashDetails {
  if (!failure) return { reason: isKilled ? "terminated" : "exit", exitCode };
  const { code } = failure as NodeJS.ErrnoException;
  return { reason: code === "ERR_WORKER_OUT_OF_MEMORY" ? "out-of-memory" : "uncaught-exception", exitCode };
}
