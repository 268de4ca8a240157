// A thousand prompts of a shop's mail, reviews and log go to a simulated model, under its limits and in spite of its
// faults; a few were asked one by one before, to compare. A complete program, with a clean end at Ctrl-C. See --help.
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { BatchRefusedError, BatchStoppedError } from "manyhands";
import { openai, type Provider, runPrompts, serveModel } from "manyhands/prompts";
import { Interruption } from "../file-pipeline/interruption.js";
import { columns, endWithReader, here, print } from "../file-pipeline/output.js";
import { count, plural, wrap } from "../file-pipeline/text.js";
import { UsageError } from "../file-pipeline/usage-error.js";
import { HELP, parseArguments } from "./arguments.js";
import { checkAnswers } from "./check-answers.js";
import { type JobPrompt, readLines } from "./job.js";
import { askOneByOne } from "./one-by-one.js";
import { outcomeText, someLines } from "./report.js";
import { simulatedAnswer } from "./simulated-answer.js";

const EXIT = { ok: 0, someFailed: 1, badUsage: 2 } as const;
const LATENCY = [150, 450] as const;
const RPM = 9000;
const TPM = 900_000;
const FAULTS = 0.02;
/** Keys of the simulated model: as each has limits of its own, neither way of asking takes from the other. */
const KEYS = { "one-by-one": { rpm: RPM, tpm: TPM }, concurrently: { rpm: RPM, tpm: TPM } };

async function main(): Promise<number> {
  const { prompts: asked, output, isHelp } = parseArguments(process.argv.slice(2));
  if (isHelp) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  await checkOutput(output);
  const lines = readLines(asked);
  const prompts = lines.map((line) => JSON.parse(line) as JobPrompt);
  const interruption = new Interruption(() => process.stderr.write("Stopping (Ctrl-C again: at once)\n"));
  const { signal } = interruption;
  await using server = await serveModel({
    latency: LATENCY,
    keys: KEYS,
    faults: FAULTS,
    answer: ({ prompt }) => simulatedAnswer(prompt),
  });
  const modelFor = (apiKey: keyof typeof KEYS): Provider => openai({ baseURL: server.url, apiKey, model: "simulated" });
  print(introduction(prompts.length));

  let hasBegun = false;
  try {
    const oneByOne = await askOneByOne(modelFor("one-by-one"), prompts, signal);
    hasBegun = true;
    const summary = await runPrompts({
      input: Readable.from([Buffer.from(lines.join("\n"))]),
      output,
      overwrite: true,
      provider: modelFor("concurrently"),
      rpm: RPM,
      tpm: TPM,
      progress: { description: "Concurrently", total: prompts.length },
      signal,
    });
    const checked = checkAnswers(output, prompts);
    print(`\n${outcomeText({ summary, oneByOne, checked }, columns())}`);
    print(`\nResults in ${here(output)}\n${someLines(output, columns())}`);
    return checked.missing + checked.wrong > 0 ? EXIT.someFailed : EXIT.ok;
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    // What an earlier run has left in the output is none of ours.
    const { right } = hasBegun ? checkAnswers(output, prompts) : { right: 0 };
    print(`Interrupted after ${count(right)} of ${plural(prompts.length, "prompt")}`);
    if (right > 0) print(`\n${plural(right, "answer")} in ${here(output)}`);
    return interruption.exitCode;
  }
}

/**
 * Makes sure that the output can be written, before anything is asked.
 * @throws {UsageError}
 */
async function checkOutput(output: string): Promise<void> {
  try {
    await using _file = await open(output, "a");
  } catch (error) {
    const [reason] = (error as Error).message.split(", open");
    throw new UsageError(`Cannot write to ${output}: ${reason}: name another file with --output`);
  }
}

function introduction(prompts: number): string {
  const parts = [
    `${plural(prompts, "prompt")} to a SIMULATED model:`,
    `${LATENCY[0]} to ${LATENCY[1]} ms an answer,`,
    `${count(RPM)} requests`,
    `and ${count(TPM)} tokens a minute,`,
    `${FAULTS * 100} % faults`,
  ];
  return wrap(parts, columns(), "");
}

endWithReader();

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || error instanceof BatchRefusedError;
  const isTold = isUsage || error instanceof BatchStoppedError;
  process.stderr.write(`${isTold ? error.message : String((error as Error).stack ?? error)}\n`);
  process.exitCode = isUsage ? EXIT.badUsage : EXIT.someFailed;
}
