/** Shared limits are exact: three processes with eight loops each, judged by the clock of the server. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { freshPrefix, sharedRedis } from "../redis.js";

const PROGRAM = new URL("limits-hammer.js", import.meta.url).pathname;
const prefix = freshPrefix();
let connection: Connection;

beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis(), prefix }), "test");
});
afterAll(async () => {
  const keys = (await connection.call("KEYS", `{${prefix}}*`)) as string[];
  if (keys.length > 0) await connection.call("DEL", ...keys);
  await connection.quit();
});

interface Entry {
  /** In ms, by the server. */
  readonly at: number;
  readonly what: "begin" | "end";
  readonly tokens: number;
}

async function start(ms: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [PROGRAM, sharedRedis(), prefix, "8", String(ms), "1000"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
  return child;
}

async function logOf(child: ChildProcess): Promise<Entry[]> {
  const lines = (await connection.call("LRANGE", `{${prefix}}:log:${child.pid}`, 0, -1)) as string[];
  return lines.map((line) => {
    const [seconds, micros, what, tokens] = line.split(" ") as [string, string, Entry["what"], string];
    return { at: Number(seconds.slice(-6)) * 1000 + Number(micros) / 1000, what, tokens: Number(tokens) };
  });
}

/** The most that any window of this length saw. */
function mostInWindow(entries: readonly Entry[], window: number, amount: (entry: Entry) => number): number {
  let [most, sum, first] = [0, 0, 0];
  for (const entry of entries) {
    sum += amount(entry);
    while (entries[first]!.at <= entry.at - window) sum -= amount(entries[first++]!);
    most = Math.max(most, sum);
  }
  return most;
}

function mostAtOnce(entries: readonly Entry[]): number {
  let [most, count] = [0, 0];
  for (const { what } of entries) {
    count += what === "begin" ? 1 : -1;
    most = Math.max(most, count);
  }
  return most;
}

describe("a shared set", () => {
  it("is never exceeded by three processes, and used", { timeout: 30_000 }, async () => {
    const children = await Promise.all([start(2500), start(2500), start(2500)]);
    const ended = children.map((child) => once(child, "exit"));
    for (const child of children) child.stdin!.write("go\n");
    await Promise.all(ended);
    expect(children.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);

    const entries = (await Promise.all(children.map(logOf))).flat().toSorted((a, b) => a.at - b.at);
    const begun = entries.filter(({ what }) => what === "begin");
    const calls = mostInWindow(begun, 500, () => 1);
    const tokens = mostInWindow(begun, 500, ({ tokens }) => tokens);
    const span = begun.at(-1)!.at - begun[0]!.at;
    const used = (begun.length - 100) / (span / 500) / 100;
    console.log({ calls, tokens, connections: mostAtOnce(entries), used, n: begun.length, span });
    expect(calls).toBeLessThanOrEqual(100);
    expect(tokens).toBeLessThanOrEqual(1300);
    expect(mostAtOnce(entries)).toBeLessThanOrEqual(9);
    expect(used).toBeGreaterThan(0.97);
  });
});
