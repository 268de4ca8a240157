/** Makes very many calls and looks whether memory grows: `node --expose-gc build/bench/soak.js --help`. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.js";
import { WorkWorker } from "./peers/manyhands-worker.js";
import { formatNumber } from "./report.js";
import { judgeGrowth, type MemorySample, type Soak } from "./soak-growth.js";
import { createItem, type Item } from "./work.js";

const CALLS = 50_000_000;
const SAMPLES = 50;
const WORKERS = 2;
const IN_FLIGHT = 1000;
const MIB = 1024 * 1024;
const TEXT = "soak ".repeat(2000);
const MODES = ["thread", "process", "async"] as const;

const USAGE = `Usage: node --expose-gc build/bench/soak.js [options]

  --calls N      how many (default: ${CALLS.toLocaleString("en-US")})
  --mode MODE    ${MODES.join(", ")} (default: thread)
  --json FILE    write the samples to FILE
  --help         show this
`;

interface Counts {
  answered: number;
  failed: number;
  cancelled: number;
  /** Nobody awaits them. */
  dropped: number;
}

type Mode = (typeof MODES)[number];

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: String(CALLS) },
    mode: { type: "string", default: "thread" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(USAGE);
else await soak(readMode(values.mode), readCalls(values.calls), values.json);

function readMode(given: string): Mode {
  const mode = MODES.find((one) => one === given);
  if (!mode)
    throw new RangeError(`Cannot set '--mode' as it must be one of ${MODES.join(", ")}: current value is ${given}`);
  return mode;
}

function readCalls(given: string): number {
  const calls = Number(given);
  if (Number.isSafeInteger(calls) && calls >= SAMPLES * IN_FLIGHT) return calls;
  const least = (SAMPLES * IN_FLIGHT).toLocaleString("en-US");
  throw new RangeError(`Cannot set '--calls' as it must be an integer of at least ${least}: current value is ${given}`);
}

async function soak(mode: Mode, calls: number, json: string | undefined): Promise<void> {
  const { node, platform, cpu, cores } = describeMachine([]);
  await using pool = WorkWorker.options({ mode, maxWorkers: mode === "async" ? 1 : WORKERS }).init();
  await pool.ready();
  const counts: Counts = { answered: 0, failed: 0, cancelled: 0, dropped: 0 };
  const samples: MemorySample[] = [];
  process.stdout.write(
    `# Soak: ${calls.toLocaleString("en-US")} calls, mode ${mode}\n\n- Node ${node}, ${platform}, ${cpu}, ${cores} cores\n\n` +
      "| calls | calls/s | heap, MiB | external, MiB | rss, MiB |\n| ---: | ---: | ---: | ---: | ---: |\n",
  );
  for (let made = 0; samples.length < SAMPLES;) {
    const upTo = Math.round((calls * (samples.length + 1)) / SAMPLES);
    const start = performance.now();
    await callMany(pool, made, upTo, counts);
    const rate = ((upTo - made) * 1000) / (performance.now() - start);
    made = upTo;
    const sample = takeSample(made);
    samples.push(sample);
    process.stdout.write(
      `| ${made.toLocaleString("en-US")} | ${formatNumber(rate)} | ${formatNumber(sample.heap)} | ` +
        `${formatNumber(sample.external)} | ${formatNumber(sample.rss)} |\n`,
    );
  }
  const { isFlat, text } = judgeGrowth(samples);
  const { answered, failed, cancelled, dropped } = counts;
  process.stdout.write(
    `\n${answered.toLocaleString("en-US")} answered, ${failed.toLocaleString("en-US")} failed as they should, ` +
      `${cancelled.toLocaleString("en-US")} cancelled, ` +
      `${dropped.toLocaleString("en-US")} not awaited\n\n${text}\n`,
  );
  if (answered + failed + cancelled + dropped !== calls)
    throw new Error(`Cannot judge the run as it lost calls of ${calls}`);
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ mode, calls, samples } satisfies Soak)}\n`);
  if (!isFlat) process.exitCode = 1;
}

type WorkPool = ReturnType<ReturnType<typeof WorkWorker.options>["init"]>;

/** Mostly no-op calls; of a thousand, some carry objects or text, some fail, some are cancelled, some are not awaited. */
async function callMany(pool: WorkPool, from: number, upTo: number, counts: Counts): Promise<void> {
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < upTo) {
      const index = next++;
      await callOnce(pool, index, counts);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

async function callOnce(pool: WorkPool, index: number, counts: Counts): Promise<void> {
  const kind = index % 1000;
  if (kind < 900) check(await pool.noop(index), index);
  else if (kind < 980) check(((await pool.echo(createItem(index))) as Item).id, index);
  else if (kind < 985) check(await pool.echo(TEXT), TEXT);
  else if (kind < 990) return fail(pool, counts);
  else if (kind < 995) return cancel(pool, index, counts);
  else return drop(pool, index, counts);
  counts.answered += 1;
}

async function fail(pool: WorkPool, counts: Counts): Promise<void> {
  try {
    await pool.size(undefined as unknown as Uint8Array);
  } catch {
    counts.failed += 1;
  }
}

function drop(pool: WorkPool, index: number, counts: Counts): void {
  void pool.noop(index);
  counts.dropped += 1;
}

/** One that was answered before it could be cancelled counts as answered. */
async function cancel(pool: WorkPool, index: number, counts: Counts): Promise<void> {
  const future = pool.noop(index);
  future.cancel();
  await future.then(
    () => (counts.answered += 1),
    () => (counts.cancelled += 1),
  );
}

function check(result: unknown, expected: unknown): void {
  if (result !== expected) throw new Error(`Cannot go on as a result is wrong: ${String(result)}`);
}

function takeSample(calls: number): MemorySample {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { calls, heap: heapUsed / MIB, external: external / MIB, rss: rss / MIB };
}
