// Queue service: a service that runs for long and is handed prompts over time. Each answer goes to whoever asked for it;
// who asks is slowed down when too much waits; a failure is told to the one who asked and to nobody else; and the service
// ends in order: what was accepted is answered. In the recipe with `asyncio.Queue` its workers die of the first error.
import { Queue, QueueClosedError } from "manyhands";
import type { Profile } from "manyhands/prompts";
import { openProfile } from "./open-profile.js";
import { print } from "./print.js";
import { QUESTIONS } from "./questions.js";

interface Question {
  readonly text: string;
  answered(sql: string): void;
  failed(error: unknown): void;
}

/** Answers questions until it is closed. */
class SqlService implements AsyncDisposable {
  readonly #questions = new Queue<Question>({ capacity: 100 });
  readonly #answering;

  constructor(profile: Profile) {
    this.#answering = this.#questions.consume(
      ({ text, answered, failed }) => profile.showSql(text).then(answered, failed),
      { concurrency: 4 },
    );
  }

  /** @throws {QueueClosedError} when the service takes no more questions */
  async ask(text: string): Promise<string> {
    let wait!: Promise<void>;
    const answer = new Promise<string>((answered, failed) => {
      wait = this.#questions.put({ text, answered, failed });
      // A question that nobody will ever answer must not be waited for.
      wait.catch(failed);
    });
    return answer;
  }

  /** Takes no more questions, and resolves with how many were answered when all are. */
  async close(): Promise<number> {
    this.#questions.close();
    return this.#answering;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

await using opened = await openProfile();
await using service = new SqlService(opened.profile);

// Three users at once, each with questions of their own.
const users = [QUESTIONS.slice(0, 2), QUESTIONS.slice(2, 4), QUESTIONS.slice(4)];
const asked = users.map((questions) => Promise.allSettled(questions.map((question) => service.ask(question))));
for (const [user, outcomes] of (await Promise.all(asked)).entries()) {
  for (const [index, outcome] of outcomes.entries()) {
    const result: unknown = outcome.status === "fulfilled" ? outcome.value : outcome.reason;
    print(2 * user + index, users[user]![index]!, result);
  }
}

const last = Promise.allSettled([service.ask(QUESTIONS[0])]);
console.log(`${await service.close()} questions were processed`);
console.log("what was accepted has ended:", (await last)[0].status);
const refused: unknown = await service.ask(QUESTIONS[0]).catch((error: unknown) => error);
console.log("what comes later is refused:", refused instanceof QueueClosedError);
