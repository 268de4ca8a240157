/** Against a database with Select AI, where there is one: set the variables and run this file. It costs a few prompts. */
import { expect, it } from "vitest";
import { SelectAi } from "manyhands/prompts";

const { SELECT_AI_USER, SELECT_AI_PASSWORD, SELECT_AI_DB_CONNECT_STRING } = process.env;
const isLive = Boolean(SELECT_AI_USER && SELECT_AI_PASSWORD && SELECT_AI_DB_CONNECT_STRING);

it.skipIf(!isLive)(
  "asks an Oracle database (skipped unless SELECT_AI_USER, _PASSWORD and _DB_CONNECT_STRING are set)",
  { timeout: 300_000 },
  async () => {
    await using ai = new SelectAi();
    await expect(ai.profiles()).resolves.toBeInstanceOf(Array);
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => ai.text("chat", `Answer with the number ${n} alone`)));
    expect(answers.map((answer) => /\d/.exec(answer)?.[0])).toEqual(["1", "2", "3", "4", "5"]);
    const outcomes = await ai.runPipeline(
      [
        ["Answer with the word yes alone", "chat"],
        ["Answer with the word no alone", "chat"],
      ],
      { continueOnError: true },
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    const aborted = ai.text("chat", "Write a poem of forty verses", { signal: AbortSignal.timeout(200) });
    await expect(aborted).rejects.toThrow();
    await using chat = await ai.openChat({ drop: true });
    await chat.send("My name is Ada.");
    await expect(chat.send("What is my name?")).resolves.toMatch(/Ada/);
  },
);
