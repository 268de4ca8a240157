/** A benchmark as a program: its arguments, its sections, its report. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { cpuTime } from "./cpu-time.js";
import { describeMachine, load } from "./machine.js";
import { report, type Results } from "./report.js";
import type { Finding, Section, SectionContext } from "./section.js";

/** What a benchmark consists of. */
export interface Benchmark {
  /** What stands above the tables. */
  readonly title: string;
  /** How it is started, as in `"build/bench/pools.js"`. */
  readonly file: string;
  readonly sections: readonly Section[];
  /** Packages whose versions are to be named. */
  readonly packages: readonly string[];
  readonly rounds: number;
  /** How long each contestant runs before its figures count, in ms, unless the run is quick. */
  readonly warmUpMs?: number;
}

/** A quick run: one round, with so much of the usual work, for a first look. */
const QUICK_EFFORT = 0.2;
const QUICK_WARM_UP_MS = 250;

interface Settings {
  readonly sections: readonly Section[];
  readonly isQuick: boolean;
  readonly rounds: number;
  readonly peers: readonly string[];
  readonly json: string | undefined;
}

/** Runs the program, and ends it. */
export async function runBenchmark(benchmark: Benchmark): Promise<never> {
  try {
    await run(benchmark);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  // Some peers leave threads or timers behind that would keep the program alive.
  process.exit();
}

async function run(benchmark: Benchmark): Promise<void> {
  const settings = readArguments(benchmark);
  if (!settings) {
    process.stdout.write(usage(benchmark));
    return;
  }
  const { rounds, peers, json, isQuick } = settings;
  const effort = isQuick ? QUICK_EFFORT : 1;
  const warmUpMs = isQuick ? QUICK_WARM_UP_MS : benchmark.warmUpMs;
  const loadAtStart = load();
  const tables: Finding[] = [];
  for (const section of settings.sections) {
    const context: SectionContext = {
      rounds,
      effort,
      ...(warmUpMs !== undefined && { warmUpMs }),
      say: (line) => process.stderr.write(`${section.name}: ${line}\n`),
      select: (all) =>
        all.filter(({ name }) => peers.length === 0 || peers.some((beginning) => name.startsWith(beginning))),
    };
    const startedAt = performance.now();
    const usedBefore = cpuTime([process.pid]) ?? 0;
    tables.push(...(await section.run(context)));
    const used = (cpuTime([process.pid]) ?? 0) - usedBefore;
    context.say(`took ${inSeconds(performance.now() - startedAt)}, with ${inSeconds(used)} of processor time`);
  }
  const results: Results = {
    title: benchmark.title,
    machine: describeMachine(benchmark.packages),
    rounds,
    ...(isQuick && { effort }),
    load: { start: loadAtStart, end: load() },
    tables,
  };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(report(results));
}

/** @throws {TypeError | RangeError} for arguments that mean nothing */
function readArguments({ sections, rounds: usual }: Benchmark): Settings | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      peers: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : usual));
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError(`Cannot set '--rounds' as it must be a positive integer: current value is ${values.rounds}`);
  }
  const asked = positionals.map((wanted) => {
    const section = sections.find(({ name }) => name === wanted);
    if (section) return section;
    const known = sections.map(({ name }) => `'${name}'`).join(", ");
    throw new TypeError(`Cannot run section '${wanted}' as it must be one of ${known}`);
  });
  return {
    sections: asked.length > 0 ? asked : sections,
    rounds,
    isQuick: values.quick,
    peers: values.peers?.split(",") ?? [],
    json: values.json,
  };
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function usage({ file, sections, rounds }: Benchmark): string {
  return `Usage: node [--expose-gc] ${file} [section...] [options]

Sections (default: all): ${sections.map(({ name }) => name).join(", ")}

  --rounds N     measure everything N times (default: ${rounds})
  --quick        one round, and less work where a section can do with less: for a first look
  --peers A,B    only peers whose names begin so
  --json FILE    write the figures of every round to FILE
  --help         show this
`;
}
