/** The mode `process`: each worker in a child process, reached over a private socket pair. */
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { CrashDetails } from "../errors.js";
import type { Channel } from "../wire/channel.js";
import type { Encoding } from "../wire/codec/entry-buffer.js";
import { deserialize, serialize } from "../wire/serialize.js";
import { SocketChannel } from "../wire/socket-channel.js";
import type { Executor, HostSetup } from "./executor.js";
import { hostProgram } from "./host-program.js";
import { inheritable } from "./inheritable.js";
import { keepFromOutliving } from "./reaper.js";
import { RemoteHost, type Vessel, type VesselEvents } from "./remote-host.js";
import { snapshot } from "./snapshot.js";

/**
 * How long, in ms, the end of a child may come after the end of its connection, or the reverse: a grandchild could hold
 * the connection open, and an exit handler the child.
 */
const PARTING_MS = 1000;

/** How V8 ends a process that has no memory left. */
const ABORTED: readonly unknown[] = ["SIGABRT", "SIGTRAP", "SIGILL", 134, 133, 0xc000_0005];

export const processExecutor: Executor = {
  mode: "process",
  canTerminate: true,
  prepareArguments: (name, args) =>
    snapshot(name, args, (values) => deserialize(serialize(values)) as unknown[], serialize),
  create: (setup) => new RemoteHost(setup, (events) => openProcess(setup, events)),
};

/** What a process is told when it begins, as its first argument: the rest comes over the channel. */
export type ProcessStart = `manyhands:${Encoding}`;

/**
 * Starts a child process.
 * @param open - makes the channel; the usual one writes entries as bytes
 */
export function openProcess(
  setup: Pick<HostSetup, "settings">,
  events: Pick<VesselEvents, "exited">,
  open?: (socket: Socket) => Channel,
): Vessel {
  const { execArgv = process.execArgv, env, resourceLimits, transport } = setup.settings;
  const encoding: Encoding = transport === "port" ? "v8" : "own";
  const told: ProcessStart = `manyhands:${encoding}`;
  const program = hostProgram("process");
  const own = [...memoryArguments(resourceLimits), ...inheritable(execArgv), ...program.arguments];
  // Loaded here: it takes some ms, and most programs start no processes.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(process.execPath, [...own, fileURLToPath(program.entry), told], {
    stdio: ["ignore", "inherit", "inherit", "overlapped"],
    env: { ...(env ?? process.env) },
    windowsHide: true,
  });
  keepFromOutliving(child);
  const socket = child.stdio[3] as Socket;
  const channel = open ? open(socket) : new SocketChannel(socket, encoding);
  reportExit(child, channel, events);
  return {
    channel,
    trySend: serialize,
    kill: () => child.kill("SIGKILL"),
    leave: () => channel.close(),
    ref: () => {
      child.ref();
      channel.ref();
    },
    unref: () => {
      child.unref();
      channel.unref();
    },
  };
}

/** Reports the end once, when the child has left and all it wrote has arrived. */
function reportExit(child: ChildProcess, channel: Channel, events: Pick<VesselEvents, "exited">): void {
  let isClosed = false;
  let report: (() => void) | undefined;
  channel.onClose = () => {
    isClosed = true;
    report?.();
    setTimeout(() => child.kill("SIGKILL"), PARTING_MS).unref();
  };
  child.once("error", (error) => events.exited({ reason: "exit" }, error));
  child.once("exit", (exitCode, signal) => {
    report = () => events.exited(describeExit(exitCode, signal));
    if (isClosed) report();
    else setTimeout(report, PARTING_MS).unref();
  });
}

function describeExit(exitCode: number | null, signal: NodeJS.Signals | null): CrashDetails {
  const details = { exitCode: exitCode ?? undefined, signal: signal ?? undefined };
  if (ABORTED.includes(signal ?? exitCode)) return { reason: "out-of-memory", ...details };
  return { reason: signal ? "signal" : "exit", ...details };
}

function memoryArguments(limits: HostSetup["settings"]["resourceLimits"]): string[] {
  const list: string[] = [];
  if (limits?.maxOldGenerationSizeMb !== undefined) list.push(`--max-old-space-size=${limits.maxOldGenerationSizeMb}`);
  if (limits?.maxYoungGenerationSizeMb !== undefined) {
    list.push(`--max-semi-space-size=${Math.max(1, Math.floor(limits.maxYoungGenerationSizeMb / 3))}`);
  }
  if (limits?.stackSizeMb !== undefined) list.push(`--stack-size=${Math.floor(limits.stackSizeMb * 1024 * 0.9)}`);
  return list;
}
