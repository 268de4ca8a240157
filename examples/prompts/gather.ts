// Gather: all prompts at once, results in the order of the prompts, as `asyncio.gather` gives them. There nothing bounds
// how many run but the pool, and the first error leaves the others running unseen. Here the profile bounds them, a failure
// stands in the place of its result; and where none is acceptable, a group cancels the others and waits for their end.
import { gather, taskGroup } from "manyhands";
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

// All or nothing: the first failure ends the group, which is left when all its children have ended.
try {
  await taskGroup((group) => {
    for (const question of QUESTIONS) group.spawn((signal) => profile.showSql(question, { signal }));
  });
} catch (error) {
  const [reason] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  console.log("all or nothing:", reason?.name, "- still asked:", profile.stats().actions.showSql.running);
}
