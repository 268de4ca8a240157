import { contest } from "../../contest.js";
import { MANYHANDS, MANYHANDS_LEARNING } from "../../peers/prompts/manyhands-prompts.js";
import type { Section } from "../../section.js";
import { startModel } from "./model-process.js";
import { countLost, makePrompts } from "./prompts.js";

const PROMPTS = 1500;
const TPM = 1_500_000;
const CONCURRENCY = 200;

/** Prompts and answers of very uneven length, under a limit on tokens: what estimates waste of it. */
export const uneven: Section = {
  name: "uneven",
  run: async (context) => {
    const prompts = makePrompts(PROMPTS, [5, 3000]);
    const rows = await contest(
      context.select([MANYHANDS, MANYHANDS_LEARNING]).map(({ name, run }) => ({
        name,
        measure: async () => {
          await using model = await startModel({ latency: [100, 900], outputTokens: [5, 800], tpm: TPM });
          const start = performance.now();
          const { answers } = await run({ url: model.url, prompts, concurrency: CONCURRENCY, tpm: TPM });
          const took = performance.now() - start;
          const { tokens, statuses } = await model.stats();
          context.say(`${name}: ${countLost(answers)} lost, ${statuses[429] ?? 0} times 429`);
          return (tokens.input + tokens.output) / TPM / (took / 60_000);
        },
      })),
      { ...context, warmUpMs: 0 },
    );
    return [
      {
        title: `Very uneven prompts under ${TPM} tokens per minute`,
        unit: "share of the limit that was used",
        better: "higher",
        notes: [
          `${PROMPTS.toLocaleString("en-US")} prompts of 5 to 3,000 words, answers of 5 to 800 tokens. The time it takes includes the first answer, which is awaited alone, and the last.`,
        ],
        rows,
      },
    ];
  },
};
