// Input order: prompts run at once, results are printed in the order of the prompts, as `ThreadPoolExecutor.map` gives
// them. There the results behind a failure are lost; here it stands in its place, and the loop goes on.
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

let failed = 0;
for await (const result of profile.map(QUESTIONS, { action: "showSql", ordered: true, concurrency: 4 })) {
  print(result.index, result.item, result.status === "fulfilled" ? result.value : result.reason);
  if (result.status === "rejected") failed += 1;
}
console.log(`${QUESTIONS.length - failed} answered, ${failed} failed`);
