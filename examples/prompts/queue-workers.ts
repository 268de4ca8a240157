// Queue workers: a producer puts prompts into a queue while four consumers answer them; results are stored by index. With
// `queue.Queue` a worker dies of its first error, and when all have died `join()` waits for ever. Here a failure is a
// result; and a producer whose consumers have all died is told so, instead of waiting in front of a full queue.
import { Queue, QueueAbandonedError } from "manyhands";
import { openProfile } from "./open-profile.js";
import { print, printText } from "./print.js";
import { QUESTIONS } from "./questions.js";

await using opened = await openProfile();
const { profile } = opened;

interface Job {
  readonly index: number;
  readonly question: string;
}

const results: unknown[] = [];
const jobs = new Queue<Job>({ capacity: 2 });
const answering = jobs.consume(
  async ({ index, question }, { signal }) => {
    try {
      results[index] = await profile.showSql(question, { signal });
    } catch (error) {
      results[index] = error;
    }
  },
  { concurrency: 4 },
);
for (const [index, question] of QUESTIONS.entries()) await jobs.put({ index, question });
jobs.close();
const processed = await answering;
for (const [index, question] of QUESTIONS.entries()) print(index, question, results[index]);
console.log(`${processed} of ${QUESTIONS.length} processed`);

// Consumers that do not handle errors: the third question ends them, and the producer hears of it.
const careless = new Queue<string>({ capacity: 1 });
const consuming = careless.consume((question) => profile.showSql(question), { concurrency: 1 });
try {
  for (const question of QUESTIONS) await careless.put(question);
  await careless.join();
} catch (error) {
  if (!(error instanceof QueueAbandonedError)) throw error;
  console.log("The producer was told, with the error of the consumer:", error.cause === (await consuming.exception()));
  printText(error.message);
}
