/**
 * Measures how many requests a simulated model answers in a second: `node build/bench/serve-model.js`.
 *
 * The model runs in a process of its own, as users start it, with latency 0 and no limits. The load comes from bare
 * sockets that are kept open, each with one request at a time (no pipelining), so that as little as possible of what is
 * measured is the client. What it does not measure: latency under less load, streams, connections that are made anew.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { describeMachine, load } from "./machine.js";

const CONNECTIONS = 64;
const WARM_UP = 1000;
const ROUNDS = 5;
const ROUND = 2000;
const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = /content-length: (\d+)/i;

/** Asks again and again over one connection. */
class Asker {
  answers = 0;
  readonly #socket: Socket;
  readonly #request: (number: number) => string;
  #received: Buffer = Buffer.alloc(0);
  #number: number;

  constructor(port: number, first: number, request: (number: number) => string) {
    this.#request = request;
    this.#number = first;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => this.#ask());
    this.#socket.on("data", (chunk) => this.#read(chunk));
  }

  end(): void {
    this.#socket.destroy();
  }

  #ask(): void {
    this.#number += 1;
    this.#socket.write(this.#request(this.#number));
  }

  #read(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.#received.toString("latin1", 0, headEnd);
    if (!head.startsWith("HTTP/1.1 200")) throw new Error(`The model answered ${head.slice(0, 40)}`);
    const end = headEnd + HEAD_END.length + Number(LENGTH.exec(head)?.[1]);
    if (this.#received.length < end) return;
    this.#received = this.#received.subarray(end);
    this.answers += 1;
    this.#ask();
  }
}

function request(number: number): string {
  const content = `Prompt ${number}: summarize in one sentence why the sky is blue at noon and red in the evening.`;
  const body = JSON.stringify({ model: "simulated-model", messages: [{ role: "user", content }] });
  return (
    "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
    `authorization: Bearer simulated\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  );
}

async function startModel(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [main, "serve-model", "--port", "0", "--latency", "0ms", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  return { child, port: Number(new URL(url).port) };
}

/** The processor time that a process has used, in ms; 0 where the system does not tell. */
function cpuTime(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return 0;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const perSecond = (count: number, ms: number): string => Math.round((count / ms) * 1000).toLocaleString("en-US");

const { node, cpu, cores } = describeMachine([]);
console.log(`${node}, ${cpu}, ${cores} cores, load ${load().toFixed(1)}, ${CONNECTIONS} connections`);
const { child, port } = await startModel();
try {
  const askers = Array.from({ length: CONNECTIONS }, (_, index) => new Asker(port, index * 1e7, request));
  const answers = (): number => askers.reduce((sum, asker) => sum + asker.answers, 0);
  await pause(WARM_UP);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const before = answers();
    const cpuBefore = cpuTime(child.pid);
    const startedAt = performance.now();
    await pause(ROUND);
    const [count, elapsed] = [answers() - before, performance.now() - startedAt];
    const used = cpuTime(child.pid) - cpuBefore;
    // The second is what a busy machine changes less.
    console.log(
      `round ${round}: ${perSecond(count, elapsed)} requests/s` +
        (used > 0 ? `, ${perSecond(count, used)} for each second of processor time` : ""),
    );
  }
  for (const asker of askers) asker.end();
  console.log(`load ${load().toFixed(1)} of ${availableParallelism()} cores`);
} finally {
  child.kill("SIGTERM");
  await once(child, "exit");
}
