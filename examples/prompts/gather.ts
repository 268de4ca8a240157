// Gather: all prompts at once, results in the order of the prompts, as `asyncio.gather` gives them. There nothing bounds
// how many run but the pool, and the first error leaves the others running unseen. Here the profile bounds them, a failure
// stands in the place of its result, and where none is acceptable, the others are cancelled.
import { gather } from "manyhands";
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

const results = await gather(
  QUESTIONS.map((question) => profile.showSql(question)),
  { returnExceptions: true, timeout: 600_000 },
);
for (const [index, question] of QUESTIONS.entries()) print(index, question, results[index]);

// All or nothing: the first failure ends the wait, and what is still asked is given up.
const giveUp = new AbortController();
const futures = QUESTIONS.map((question) => profile.showSql(question, { signal: giveUp.signal }));
try {
  await gather(futures);
} catch (error) {
  giveUp.abort();
  const ends = await Promise.allSettled(futures);
  console.log("all or nothing:", (error as Error).name);
  console.log(
    "given up:",
    ends.some((end) => end.status === "rejected" && end.reason === giveUp.signal.reason),
  );
}
