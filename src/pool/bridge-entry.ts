/** The bridge thread of a blocking pool: runs an ordinary pool for a caller that is parked. */
import { inspect } from "node:util";
import { workerData } from "node:worker_threads";
import { SerializationError } from "../errors.js";
import type { Stream } from "../future/stream.js";
import { hostState } from "../host/host-state.js";
import { importRegistration } from "../host/import-module.js";
import { Bell } from "../wire/bell.js";
import { encodeFailure, type WireFailure } from "../wire/error-codec.js";
import { canSend } from "../wire/unsendable.js";
import type { BridgeLog, BridgeMessage, BridgeReply, BridgeStart } from "./bridge.js";
import type { PoolEvents } from "./events.js";
import { Lending } from "./lending.js";
import { openPool, sourceOf } from "./open-pool.js";
import { openStream } from "./open-stream.js";
import type { PoolCore } from "./pool-core.js";

/** The pool, once it is opened. */
interface Opened {
  readonly core: PoolCore;
  readonly lending: Lending;
}

const start = workerData as BridgeStart;
const bell = new Bell(start.bell);
const streams = new Map<number, Stream<unknown>>();
let opening: Promise<Opened> | undefined;
let opened: Opened | undefined;
let lastStream = 0;

const isSendable = (value: unknown): boolean => canSend(structuredClone, value);

start.port.on("message", (message: BridgeMessage) => void answer(message));

async function answer(message: BridgeMessage): Promise<void> {
  let outcome: { value: unknown } | { failure: WireFailure };
  try {
    outcome = { value: await carryOut(message) };
  } catch (error) {
    outcome = { failure: encodeFailure(error, isSendable) };
  }
  const lease = opened?.lending.lend();
  try {
    reply({ ...outcome, lease });
  } catch (cause) {
    const error = new SerializationError("Cannot return the result as it cannot be sent", "result", { cause });
    reply({ failure: encodeFailure(error, isSendable), lease });
  }
  bell.ring();
}

function reply(message: BridgeReply): void {
  const ports = message.lease?.workers.flatMap(({ line }) => line?.port ?? []) ?? [];
  start.port.postMessage(message, ports);
}

/** The console of this thread is written to by the caller's event loop, which may never turn again. */
function tellLog({ worker, values }: PoolEvents["log"]): void {
  const logged = values.map((value) => (isSendable(value) ? value : inspect(value)));
  start.port.postMessage({ worker, logged } satisfies BridgeLog);
  bell.ring();
}

async function carryOut({ request, usages }: BridgeMessage): Promise<unknown> {
  opening ??= open();
  const { core: pool, lending } = await opening;
  for (const usage of usages) lending.returned(usage);
  switch (request.do) {
    case "call": {
      const method = pool.methods[request.method]!;
      if (!method.isStream) return pool.submit(pool.kindOf(method, request.options, {}), request.args).future;
      streams.set(++lastStream, openStream(pool, method, request.args, request.options, {}));
      return lastStream;
    }
    case "next": {
      const result = await streams.get(request.stream)!.next();
      if (result.done) streams.delete(request.stream);
      return result;
    }
    case "return":
      await streams.get(request.stream)?.return();
      streams.delete(request.stream);
      return undefined;
    case "stats":
      return pool.stats();
    case "resize":
      pool.resize(request.size);
      return undefined;
    case "lost":
      return lending.lost(request.worker, pool.methods[request.method]!.name);
    case "stop":
      await pool.stop(request.timeout);
      return undefined;
  }
}

async function open(): Promise<Opened> {
  const { url, key, name, options, configured, args, depth } = start;
  hostState.depth = depth;
  const registration = await importRegistration(url, key, name);
  const source = sourceOf(registration);
  const schema = { ...source.schema, init: undefined };
  const core = openPool({ ...source, schema }, options, args, { mode: undefined, options: () => configured });
  core.events.on("log", tellLog);
  return (opened = { core, lending: new Lending(core, bell) });
}
