/** What a Redis server says of itself. */
import type { Connection } from "./internals.js";

export interface RedisFigures {
  /** Bytes, buffers of connections included. */
  readonly memory: number;
  /** Bytes without those of connections and of what is not written to disk yet. */
  readonly data: number;
  /** Time of the processor so far, in ms. */
  readonly cpu: number;
  /** Commands so far, those of scripts included. */
  readonly commands: number;
  readonly connections: number;
  /** When, in ms. */
  readonly at: number;
}

export async function readFigures(connection: Connection): Promise<RedisFigures> {
  const at = performance.now();
  const text = String(await connection.call("INFO"));
  const figure = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, "m").exec(text)?.[1]);
  return {
    memory: figure("used_memory"),
    data: figure("used_memory") - figure("mem_clients_normal") - figure("mem_aof_buffer"),
    cpu: (figure("used_cpu_user") + figure("used_cpu_sys")) * 1000,
    commands: figure("total_commands_processed"),
    connections: figure("connected_clients"),
    at,
  };
}
