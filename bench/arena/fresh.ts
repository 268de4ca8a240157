/** Figures that only a process has that has just begun: each is measured in one of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { within } from "../within.js";
import type { FreshName, FreshReply } from "./fresh-program.js";

/** How long one may take, in ms. */
const WITHIN_MS = 60_000;

/**
 * Starts a process that measures one thing, and ends it.
 * @param given - its arguments, as `fresh-program.ts` names them
 */
export async function measureFresh(measure: FreshName, ...given: readonly (string | number)[]): Promise<number> {
  const child = fork(new URL("./fresh-program.js", import.meta.url), [measure, ...given.map(String)], {
    execArgv: ["--expose-gc"],
    // It is killed when it has answered, about which the processes that it started may complain.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const abandoned = new AbortController();
  const { signal } = abandoned;
  const ended = async (): Promise<never> => {
    const [code] = (await once(child, "exit", { signal })) as [number | null];
    throw new Error(`Cannot measure ${measure} of ${given.join(" ")} as the process has ended: ${code}`);
  };
  const replied = async (): Promise<FreshReply> => {
    const [reply] = (await once(child, "message", { signal })) as [FreshReply];
    return reply;
  };
  try {
    const reply = await within(
      WITHIN_MS,
      `measure ${measure} of ${given.join(" ")}`,
      Promise.race([replied(), ended()]),
    );
    if ("error" in reply) throw new Error(reply.error);
    return reply.figure;
  } finally {
    abandoned.abort();
    await end(child);
  }
}

/** Killed and reaped before the next one starts: what it used is known then, and it disturbs nobody. */
async function end(child: ReturnType<typeof fork>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
