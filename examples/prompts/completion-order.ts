// Completion order: results are printed as they come, as Python's `as_completed` over a `ThreadPoolExecutor` does. There a
// prompt that fails ends the loop, and the results behind it are lost; here each prompt has an outcome. Prompts are taken
// from their source only as results are, so there may be millions of them.
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

for await (const result of profile.map(QUESTIONS, { action: "showSql", ordered: false, concurrency: 4 })) {
  print(result.index, result.item, result.status === "fulfilled" ? result.value : result.reason);
}
