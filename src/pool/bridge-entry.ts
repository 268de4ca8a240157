/** The bridge thread of a blocking pool: runs an ordinary pool for a caller that is parked. */
import { workerData } from "node:worker_threads";
import { SerializationError } from "../errors.js";
import type { Stream } from "../future/stream.js";
import { hostState } from "../host/host-state.js";
import { importRegistration } from "../host/import-module.js";
import { encodeFailure } from "../wire/error-codec.js";
import { canSend } from "../wire/unsendable.js";
import type { BridgeReply, BridgeRequest, BridgeStart } from "./bridge.js";
import { openPool, sourceOf } from "./open-pool.js";
import { openStream } from "./open-stream.js";
import type { PoolCore } from "./pool-core.js";

const start = workerData as BridgeStart;
const bell = new Int32Array(start.bell);
const streams = new Map<number, Stream<unknown>>();
let core: Promise<PoolCore> | undefined;
let lastStream = 0;

const isSendable = (value: unknown): boolean => canSend(structuredClone, value);

start.port.on("message", (request: BridgeRequest) => void answer(request));

async function answer(request: BridgeRequest): Promise<void> {
  let reply: BridgeReply;
  try {
    reply = { value: await carryOut(request) };
  } catch (error) {
    reply = { failure: encodeFailure(error, isSendable) };
  }
  try {
    start.port.postMessage(reply);
  } catch (cause) {
    const error = new SerializationError("Cannot return the result as it cannot be sent", "result", { cause });
    start.port.postMessage({ failure: encodeFailure(error, isSendable) } satisfies BridgeReply);
  }
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}

async function carryOut(request: BridgeRequest): Promise<unknown> {
  core ??= open();
  const pool = await core;
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
    case "stop":
      await pool.stop(request.timeout);
      return undefined;
  }
}

async function open(): Promise<PoolCore> {
  const { url, key, name, options, configured, args, depth } = start;
  hostState.depth = depth;
  const registration = await importRegistration(url, key, name);
  const source = sourceOf(registration);
  const schema = { ...source.schema, init: undefined };
  return openPool({ ...source, schema }, options, args, { mode: undefined, options: () => configured });
}
