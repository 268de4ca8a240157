import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { resolveBroker } from "../../dist/config/broker.js";
import { connect } from "../../dist/distributed/broker/connection.js";
import { TaskClient } from "../../dist/distributed/tasks/client.js";
import { add } from "#fixtures/delayed.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

it("is the program of the documentation that shows our queues", async () => {
  const source = readFileSync(new URL("../fixtures/programs/board.ts", import.meta.url), "utf8");
  const page = readFileSync(new URL("../../docs/nodes.md", import.meta.url), "utf8");
  expect(page).toContain(`\`\`\`ts\n${source}\`\`\`\n`);

  const broker = { url: sharedRedis(), prefix: freshPrefix() };
  await add.delayWith({ broker, id: "one" })(1, 1);
  await add.delayWith({ broker, id: "two", countdown: 60_000 })(2, 2);
  const program = fileURLToPath(new URL("../../build/test/fixtures/programs/board.js", import.meta.url));
  const env = { ...process.env, REDIS_URL: broker.url, PREFIX: broker.prefix, PORT: "0" };
  const board = spawn(process.execPath, [program], { env, stdio: ["ignore", "pipe", "inherit"], timeout: 15_000 });
  onTestFinished(async () => {
    const ended = once(board, "exit");
    board.kill("SIGKILL");
    await ended;
    TaskClient.closeAll();
    const connection = connect(resolveBroker(broker), "test");
    const keys = (await connection.call("KEYS", `{${broker.prefix}}*`)) as string[];
    if (keys.length > 0) await connection.call("DEL", ...keys);
    connection.disconnect();
  });
  const [line] = (await once(board.stdout, "data")) as [Buffer];
  const url = /http:\S+/.exec(line.toString())![0];
  const page1 = await fetch(url);
  expect([page1.status, await page1.text()]).toEqual([200, expect.stringContaining("Bull Dashboard")]);
  const answer = await fetch(`${url}/api/queues?activeQueue=default&status=waiting&page=1&jobsPerPage=10`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({
    queues: [
      {
        name: "default",
        counts: { waiting: 0, prioritized: 1, delayed: 1, completed: 0, failed: 0 },
      },
    ],
  });
});
