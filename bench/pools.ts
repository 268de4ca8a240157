/** Compares manyhands with other pools: `node build/bench/pools.js --help`. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine, load } from "./machine.js";
import { report, type Results } from "./report.js";
import type { Section, SectionContext, Table } from "./section.js";
import { buffers } from "./sections/buffers.js";
import { cpu } from "./sections/cpu.js";
import { local } from "./sections/local.js";
import { processes } from "./sections/process.js";
import { serial } from "./sections/serial.js";
import { throughput } from "./sections/throughput.js";

const SECTIONS: readonly Section[] = [serial, throughput, cpu, buffers, processes, local];

const USAGE = `Usage: node [--expose-gc] build/bench/pools.js [section...] [options]

Sections (default: all): ${SECTIONS.map(({ name }) => name).join(", ")}

  --rounds N     measure everything N times (default: 5)
  --peers A,B    only peers whose names begin so
  --json FILE    write the figures of every round to FILE
  --help         show this
`;

interface Settings {
  readonly sections: readonly Section[];
  readonly rounds: number;
  readonly peers: readonly string[];
  readonly json: string | undefined;
}

async function main(): Promise<void> {
  const settings = readArguments();
  if (!settings) {
    process.stdout.write(USAGE);
    return;
  }
  const { sections, rounds, peers, json } = settings;
  const loadAtStart = load();
  const tables: Table[] = [];
  for (const section of sections) {
    const context: SectionContext = {
      rounds,
      say: (line) => process.stderr.write(`${section.name}: ${line}\n`),
      select: (all) =>
        all.filter(({ name }) => peers.length === 0 || peers.some((beginning) => name.startsWith(beginning))),
    };
    tables.push(...(await section.run(context)));
  }
  const results: Results = {
    machine: describeMachine(),
    rounds,
    load: { start: loadAtStart, end: load() },
    tables,
  };
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(report(results));
}

/** @throws {TypeError | RangeError} for arguments that mean nothing */
function readArguments(): Settings | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      peers: { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new RangeError(`Cannot set '--rounds' as it must be a positive integer: current value is ${values.rounds}`);
  }
  const asked = positionals.map((wanted) => {
    const section = SECTIONS.find(({ name }) => name === wanted);
    if (section) return section;
    const known = SECTIONS.map(({ name }) => `'${name}'`).join(", ");
    throw new TypeError(`Cannot run section '${wanted}' as it must be one of ${known}`);
  });
  return {
    sections: asked.length > 0 ? asked : SECTIONS,
    rounds,
    peers: values.peers?.split(",") ?? [],
    json: values.json,
  };
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
// Some peers leave threads or timers behind that would keep the program alive.
process.exit();
