import { contest } from "../../contest.js";
import { MANYHANDS } from "../../peers/prompts/manyhands-prompts.js";
import type { Section } from "../../section.js";
import { startModel } from "./model-process.js";
import { countLost, makePrompts } from "./prompts.js";

const PROMPTS = 2000;
const RPM = 6000;
const CONCURRENCY = 100;

/** One API key, and two of the same limits. */
export const accounts: Section = {
  name: "accounts",
  run: async (context) => {
    const prompts = makePrompts(PROMPTS, [10, 30]);
    const measure = async (keys: readonly string[]): Promise<number> => {
      await using model = await startModel({
        latency: 100,
        keys: Object.fromEntries(keys.map((key) => [key, { rpm: RPM }])),
      });
      const start = performance.now();
      const { answers } = await MANYHANDS.run({ url: model.url, prompts, concurrency: CONCURRENCY, rpm: RPM, keys });
      const lost = countLost(answers);
      if (lost > 0) throw new Error(`${lost} prompts have no answer`);
      return PROMPTS / ((performance.now() - start) / 1000);
    };
    const rows = await contest(
      [
        { name: "manyhands, one account", measure: () => measure(["key-1"]) },
        { name: "manyhands, two accounts", measure: () => measure(["key-1", "key-2"]) },
      ],
      { ...context, warmUpMs: 0 },
    );
    return [
      {
        title: `Accounts of ${RPM} requests per minute each`,
        unit: "prompts/s",
        better: "higher",
        notes: [`${PROMPTS.toLocaleString("en-US")} prompts; an account allows ${RPM / 60} in a second.`],
        rows,
      },
    ];
  },
};
