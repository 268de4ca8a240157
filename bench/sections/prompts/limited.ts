import { contest } from "../../contest.js";
import { MANYHANDS, MANYHANDS_LEARNING } from "../../peers/prompts/manyhands-prompts.js";
import type { PromptPeer } from "../../peers/prompts/prompt-peer.js";
import { P_LIMIT, P_QUEUE } from "../../peers/prompts/prompt-peers.js";
import type { Section, SectionContext } from "../../section.js";
import { startModel } from "./model-process.js";
import { countLost, makePrompts } from "./prompts.js";

const PROMPTS = 3000;
const CONCURRENCY = 200;
const RPM = 6000;
const TPM = 900_000;
const MINUTE = 60_000;

/** What a run was like, beside how long it took. */
interface Counts {
  readonly lost: number;
  readonly refused: number;
}

/** A model that keeps to limits and fails now and then. */
export const limited: Section = {
  name: "limited",
  run: async (context) => {
    const counts = new Map<string, Counts[]>();
    const peers = context.select([MANYHANDS, MANYHANDS_LEARNING, P_LIMIT, P_QUEUE]);
    const rows = await contest(
      peers.map((peer) => ({ name: peer.name, measure: async () => measure(peer, counts, context) })),
      { ...context, warmUpMs: 0 },
    );
    return [
      {
        title: `${PROMPTS.toLocaleString("en-US")} prompts under ${RPM} requests and ${TPM} tokens per minute, 2 % faults`,
        unit: "times the minimum",
        better: "lower",
        notes: [
          "The model refills its budgets all the time, and holds a second's worth at most. Faults are statuses 500 and 503, " +
            "broken connections and answers cut short. The minimum is what all tokens, or all requests, take at those rates; " +
            "of a run that lost prompts it is that of the others.",
        ],
        rows,
        extra: {
          heading: "lost / 429s",
          cell: ({ peer }) => (counts.get(peer) ?? []).map(({ lost, refused }) => `${lost} / ${refused}`).join(", "),
        },
      },
    ];
  },
};

async function measure(
  { name, run }: PromptPeer,
  counts: Map<string, Counts[]>,
  { say }: SectionContext,
): Promise<number> {
  await using model = await startModel({
    latency: [150, 450],
    outputTokens: [20, 240],
    rpm: RPM,
    tpm: TPM,
    faults: 0.02,
    faultKinds: ["500", "503", "reset", "broken-json"],
  });
  const prompts = makePrompts(PROMPTS, [10, 310]);
  const start = performance.now();
  const { answers } = await run({ url: model.url, prompts, concurrency: CONCURRENCY, rpm: RPM, tpm: TPM });
  const took = performance.now() - start;
  const { tokens, statuses } = await model.stats();
  const lost = countLost(answers);
  const refused = statuses[429] ?? 0;
  counts.set(name, [...(counts.get(name) ?? []), { lost, refused }]);
  const least = Math.max((PROMPTS - lost) / RPM, (tokens.input + tokens.output) / TPM) * MINUTE;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  say(`${name}: ${seconds(took)} of at least ${seconds(least)}, ${lost} lost, ${refused} times 429`);
  return took / least;
}
