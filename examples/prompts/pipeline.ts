// Pipeline: pairs of a prompt and an action that are known up front, sent together, results in the order of the pairs.
// Oracle takes them in one round trip and works on them one after the other; a model is asked them at once. With
// `continueOnError` a failure stands in its place; without it the first one rejects, and the rest is given up.
import type { PromptAction } from "manyhands/prompts";
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

const pairs: readonly PromptAction[] = QUESTIONS.map((question) => [question, "showSql"]);
const results = await profile.runPipeline(pairs, { continueOnError: true });
for (const [index, [question]] of pairs.entries()) print(index, question, results[index]);

try {
  await profile.runPipeline(pairs, { continueOnError: false });
} catch (error) {
  console.log("without continueOnError:", (error as Error).name);
}
