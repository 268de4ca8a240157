/** What a Redis server says of itself. */
import type { Connection } from "./internals.js";

export interface RedisFigures {
  /** Bytes, buffers of connections included. */
  readonly memory: number;
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
    cpu: (figure("used_cpu_user") + figure("used_cpu_sys")) * 1000,
    commands: figure("total_commands_processed"),
    connections: figure("connected_clients"),
    at,
  };
}

/** Bytes that all keys take. */
export async function readKeyBytes(connection: Connection): Promise<number> {
  let sum = 0;
  let cursor = "0";
  do {
    const [next, keys] = (await connection.call("SCAN", cursor, "COUNT", 1000)) as [string, string[]];
    const sizes = await Promise.all(keys.map(async (key) => connection.call("MEMORY", "USAGE", key, "SAMPLES", 0)));
    for (const size of sizes) sum += Number(size ?? 0);
    cursor = next;
  } while (cursor !== "0");
  return sum;
}
