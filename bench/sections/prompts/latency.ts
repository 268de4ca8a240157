import { contest } from "../../contest.js";
import { MANYHANDS, P_LIMIT, P_QUEUE } from "../../peers/prompts/prompt-peers.js";
import type { Section } from "../../section.js";
import { startModel } from "./model-process.js";
import { countLost, makePrompts } from "./prompts.js";

const PROMPTS = 2000;
const CONCURRENCY = 50;
const LATENCY = 100;

/** A model without limits and faults: what the client itself adds. */
export const latency: Section = {
  name: "latency",
  run: async (context) => {
    await using model = await startModel({ latency: LATENCY, outputTokens: [16, 64] });
    const prompts = makePrompts(PROMPTS, [10, 30]);
    const least = (PROMPTS / CONCURRENCY) * LATENCY;
    const rows = await contest(
      context.select([MANYHANDS, P_LIMIT, P_QUEUE]).map(({ name, run }) => ({
        name,
        measure: async () => {
          const start = performance.now();
          const { answers } = await run({ url: model.url, prompts, concurrency: CONCURRENCY });
          const took = performance.now() - start;
          const lost = countLost(answers);
          if (lost > 0) throw new Error(`${lost} prompts have no answer`);
          return took / least;
        },
      })),
      { ...context, warmUpMs: 0 },
    );
    return [
      {
        title: `${PROMPTS.toLocaleString("en-US")} prompts, ${LATENCY} ms each, ${CONCURRENCY} at once`,
        unit: "times the minimum",
        better: "lower",
        notes: [`The minimum is ${least / 1000} s.`],
        rows,
      },
    ];
  },
};
