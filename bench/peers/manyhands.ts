/** This library, in one of its modes and otherwise by default. */
import { map, type Mode, type PoolOptions } from "manyhands";
import type { Client, Open } from "../peer.js";
import { WorkWorker } from "./manyhands-worker.js";

/** @param others - options beside the mode and the number of workers */
export function manyhands(mode: Mode, others: Readonly<Record<string, unknown>> = {}): Open {
  return (workers) => {
    const options: PoolOptions & { blocking?: false } = { mode, maxWorkers: workers, ...others };
    const pool = WorkWorker.options(options).init();
    return {
      ready: () => pool.ready(),
      noop: (value) => pool.noop(value),
      echo: (value) => pool.echo(value),
      cpu: (blocks) => pool.cpu(blocks),
      size: (bytes) => pool.size(bytes),
      count: (bytes) => pool.count(bytes),
      transfer: (bytes) => pool.with({ transfer: [bytes] }).transfer(bytes),
      map: (method, items, inFlight) =>
        map(items, pool[method] as (item: unknown) => PromiseLike<unknown>, { concurrency: inFlight }),
      close: () => pool.stop(),
    };
  };
}

/** A pool whose methods return their results themselves. */
export const blockingManyhands: Open = (workers): Client => {
  const pool = WorkWorker.options({ mode: "thread", maxWorkers: workers, blocking: true }).init();
  return {
    noop: (value) => pool.noop(value),
    echo: (value) => pool.echo(value),
    cpu: (blocks) => pool.cpu(blocks),
    size: (bytes) => pool.size(bytes),
    count: (bytes) => pool.count(bytes),
    close: () => pool.stop(),
  };
};
