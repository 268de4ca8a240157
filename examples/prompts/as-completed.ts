// As completed: calls that were started are taken as they end, the fastest first, as `asyncio.as_completed` yields them.
// There a failure is thrown at that point and the rest is lost; here it is one more outcome. A loop that has enough is
// left, and what it no longer needs is given up, which closes the connections.
import { asCompleted } from "manyhands";
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

const all = QUESTIONS.map((question) => profile.showSql(question));
for await (const { index, status, value, error } of asCompleted(all)) {
  print(index, QUESTIONS[index]!, status === "done" ? value : error);
}

// Two answers are enough.
const enough = new AbortController();
const some = QUESTIONS.map((question) => profile.showSql(question, { signal: enough.signal }));
let answered = 0;
for await (const { status } of asCompleted(some)) {
  if (status === "done") answered += 1;
  if (answered === 2) break;
}
enough.abort();
await Promise.allSettled(some);
console.log("enough:", answered, "- still asked:", profile.stats().actions.showSql.running);
