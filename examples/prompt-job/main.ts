// A thousand prompts of a shop's mail, reviews and log go to a simulated model, under its limits and in spite of its
// faults; some are asked one by one meanwhile, to compare. A complete program, with a clean end at Ctrl-C.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { openai, runPrompts, serveModel } from "manyhands/prompts";
import { Interruption } from "../file-pipeline/interruption.js";
import { count, wrap } from "../file-pipeline/text.js";
import { checkAnswers } from "./check-answers.js";
import { INPUT, OUTPUT, readPrompts } from "./job.js";
import { askOneByOne } from "./one-by-one.js";
import { outcomeText, someLines } from "./report.js";
import { simulatedAnswer } from "./simulated-answer.js";

const DEFAULT_COLUMNS = 80;
const LATENCY = [150, 450] as const;
const RPM = 6000;
const TPM = 900_000;
const FAULTS = 0.02;
/** Keys of the simulated model: as each has limits of its own, none of the two ways is slowed down by the other. */
const KEYS = { "one-by-one": { rpm: RPM, tpm: TPM }, concurrently: { rpm: RPM, tpm: TPM } };

async function main(): Promise<number> {
  const columns = process.stdout.columns ?? DEFAULT_COLUMNS;
  const prompts = readPrompts();
  const interruption = new Interruption(() => process.stderr.write("Stopping (Ctrl-C again: at once)\n"));
  const { signal } = interruption;

  await using server = await serveModel({
    latency: LATENCY,
    keys: KEYS,
    faults: FAULTS,
    answer: ({ prompt }) => simulatedAnswer(prompt),
  });
  const modelFor = (apiKey: keyof typeof KEYS): ReturnType<typeof openai> =>
    openai({ baseURL: server.url, apiKey, model: "simulated" });
  print(
    wrap(
      [
        `${count(prompts.length)} prompts to a SIMULATED model:`,
        `${LATENCY[0]} to ${LATENCY[1]} ms an answer,`,
        `${count(RPM)} requests and`,
        `${count(TPM)} tokens a minute,`,
        `${FAULTS * 100} % faults`,
      ],
      columns,
      "",
    ),
  );

  const done = new AbortController();
  const oneByOne = askOneByOne(modelFor("one-by-one"), prompts, AbortSignal.any([signal, done.signal]));
  try {
    const summary = await runPrompts({
      input: fileURLToPath(INPUT),
      output: fileURLToPath(OUTPUT),
      overwrite: true,
      provider: modelFor("concurrently"),
      rpm: RPM,
      tpm: TPM,
      progress: { description: "Concurrently" },
      signal,
    });
    done.abort();
    const checked = checkAnswers(OUTPUT, prompts);
    print(`\n${outcomeText({ summary, oneByOne: await oneByOne, checked, server: server.stats() })}`);
    print(`\nResults in ${here(OUTPUT)}\n${someLines(OUTPUT, columns)}`);
    return checked.missing + checked.wrong > 0 ? 1 : 0;
  } catch (error) {
    if (!signal.aborted) throw error;
    const { right } = checkAnswers(OUTPUT, prompts);
    print(`Interrupted after ${count(right)} of ${count(prompts.length)} prompts, all of them in ${here(OUTPUT)}`);
    return interruption.exitCode!;
  } finally {
    done.abort();
    await oneByOne.catch(() => {});
  }
}

/** A path as the one at the terminal would write it. */
function here(file: URL): string {
  const path = fileURLToPath(file);
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : short;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await main();
