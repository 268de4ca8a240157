import { describe, expect, test } from "vitest";
import { BrokerUnavailableError } from "manyhands";
import { type Outcome, type ResultsClient, Waits } from "../../dist/distributed/tasks/waits.js";

/** A broker whose replies are given by the test. */
class SlowClient implements ResultsClient {
  readonly id = "caller";
  readonly broker = { brokerTimeout: 60_000 } as ResultsClient["broker"];
  readonly isUp = true;
  readonly asked: { ids: string[]; reply: (found: string[]) => void }[] = [];
  hold(): void {}
  release(): void {}
  giveUp(): void {}
  unavailable(): BrokerUnavailableError {
    return new BrokerUnavailableError("away");
  }
  script(_action: string, _script: unknown, args: readonly (string | number)[]): Promise<unknown> {
    return new Promise((reply) => this.asked.push({ ids: args.slice(2) as string[], reply }));
  }
}

describe("waits for results", () => {
  test("a result that is on its way is asked for once, and one reply is waited for at a time", async () => {
    const client = new SlowClient();
    const waits = new Waits(client);
    const settled: string[] = [];
    const waiters = ["one", "two", "three"].map((id) => ({
      id,
      settle: ({ kind, body }: Outcome) => void settled.push(id + kind + body),
      fail: (error: unknown) => expect.unreachable(String(error)),
    }));
    for (const waiter of waiters) waits.wait(waiter);
    await new Promise(setImmediate);
    for (let looks = 0; looks < 10; looks += 1) waits.look(true);
    await new Promise(setImmediate);
    expect(client.asked.map(({ ids }) => ids)).toEqual([["one", "two", "three"]]);
    // The third was too much for one reply.
    client.asked[0]!.reply(["s", "1", "", "f", "2", "", "b", "", ""]);
    await new Promise(setImmediate);
    expect(settled).toEqual(["ones1", "twof2"]);
    expect(client.asked.slice(1).map(({ ids }) => ids)).toEqual([["three"]]);
    client.asked[1]!.reply(["s", "3", ""]);
    await new Promise(setImmediate);
    expect(settled).toEqual(["ones1", "twof2", "threes3"]);
    expect(client.asked).toHaveLength(2);
  });
});
