/** How connections are used: as few as allowed, read whole, given back once, broken off, and replaced. */
import { expect, it } from "vitest";
import { TimeoutError } from "manyhands";
import { type OracleOptions, SelectAi } from "manyhands/prompts";
import { type FakeConnection, FakeOracle, njsError, oraError, type Received } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service" };

function open(driver: FakeOracle, options: OracleOptions = {}): SelectAi {
  return new SelectAi({ ...LOGIN, driver, retry: { retries: 3, wait: 1 }, ...options });
}

/** Resolves when a statement has arrived. */
function arrival(): { arrived: Promise<Received>; database: (received: Received) => Promise<string> } {
  let tell!: (received: Received) => void;
  const arrived = new Promise<Received>((resolve) => (tell = resolve));
  const database = (received: Received): Promise<string> => {
    tell(received);
    return new Promise(() => {});
  };
  return { arrived, database };
}

/** Answers those that it does not keep waiting. */
function stuck(prompt: string): { arrived: Promise<FakeConnection>; driver: FakeOracle } {
  const { arrived, database } = arrival();
  const driver = new FakeOracle((received) => (received.binds["prompt"] === prompt ? database(received) : "answer"));
  return { arrived: arrived.then(({ connection }) => connection), driver };
}

it("does 2,000 prompts over 4 connections, none of them in the queue of the driver", async () => {
  let running = 0;
  let most = 0;
  const driver = new FakeOracle(async ({ binds }) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return `answer to ${String(binds["prompt"])}`;
  });
  const ai = open(driver, { poolMax: 4 });
  const prompts = Array.from({ length: 2000 }, (_, index) => `prompt ${index}`);
  const answers = await Promise.all(prompts.map((prompt) => ai.text("chat", prompt)));
  expect(answers).toEqual(prompts.map((prompt) => `answer to ${prompt}`));
  expect([most, driver.pool.mostOut]).toEqual([4, 4]);
  expect(driver.pool.options).toMatchObject({ queueMax: -1, queueTimeout: 0, poolPingInterval: 0, poolMax: 4 });
  expect(ai.stats()).toMatchObject({ requests: 2000, answered: 2000, failed: 0, lost: 0 });
  await ai.stop();
  expect(driver.pool).toMatchObject({ out: 0, acquired: 2000, isClosed: true });
  expect(driver.faults).toEqual([]);
});

it("lets those with a higher priority go first", async () => {
  const driver = new FakeOracle();
  await using ai = open(driver, { poolMax: 1 });
  await Promise.all([ai.text("chat", "first"), ai.text("chat", "second"), ai.text("chat", "urgent", { priority: 5 })]);
  expect(driver.received.map(({ binds }) => binds["prompt"])).toEqual(["first", "urgent", "second"]);
});

it("reads NULL and the empty text as an empty text", async () => {
  await using ai = open(new FakeOracle(({ binds }) => (binds["prompt"] === "null" ? null : "")));
  await expect(Promise.all([ai.text("chat", "null"), ai.text("chat", "empty")])).resolves.toEqual(["", ""]);
});

it("gives the connection back when a statement or its answer fails, with the error of the driver", async () => {
  const failure = oraError(20_000, "no such profile");
  const driver = new FakeOracle(({ binds }) => {
    if (binds["prompt"] === "bad") throw failure;
    return "answer";
  });
  await using ai = open(driver, { poolMax: 1 });
  await expect(ai.text("chat", "bad")).rejects.toBe(failure);
  const unreadable = njsError("NJS-500", "connection closed");
  driver.onRead = () => Promise.reject(unreadable);
  await expect(ai.text("chat", "good")).rejects.toBe(unreadable);
  driver.onRead = () => {};
  await expect(ai.text("chat", "good")).resolves.toBe("answer");
  // What was sent is sent once: nobody knows whether the model was paid.
  expect(driver.received).toHaveLength(3);
  expect(ai.stats()).toMatchObject({ requests: 3, answered: 1, failed: 2, retried: 0 });
  expect(driver.pool).toMatchObject({ out: 0, acquired: 3 });
});

it("breaks off what is aborted, and uses the connection again", async () => {
  const { arrived, driver } = stuck("slow");
  await using ai = open(driver, { poolMax: 1 });
  const controller = new AbortController();
  const slow = ai.text("chat", "slow", { signal: controller.signal });
  const waiting = ai.text("chat", "waiting", { signal: controller.signal });
  const connection = await arrived;
  controller.abort(new Error("enough"));
  await expect(slow).rejects.toThrow("enough");
  await expect(waiting).rejects.toThrow("enough");
  await expect(ai.text("chat", "next")).resolves.toBe("answer");
  expect(connection).toMatchObject({ breaks: 1, isOpen: false, closedWith: undefined });
  expect(driver.received.map(({ binds }) => binds["prompt"])).toEqual(["slow", "next"]);
  expect(driver.faults).toEqual([]);
});

it("breaks off what takes too long", async () => {
  const { arrived, driver } = stuck("slow");
  await using ai = open(driver, { poolMax: 1, timeout: 20 });
  const error = await ai.text("showSql", "slow").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error).toHaveProperty("message", "Cannot do 'showSql' within 20 ms as the database did not answer");
  expect(await arrived).toMatchObject({ breaks: 1 });
  await expect(ai.text("chat", "next")).resolves.toBe("answer");
  expect(driver.pool).toMatchObject({ out: 0, mostOut: 1 });
});

it("does not break off what has just answered", async () => {
  const controller = new AbortController();
  const driver = new FakeOracle();
  driver.onRead = () => controller.abort();
  await using ai = open(driver);
  await ai.text("chat", "?", { signal: controller.signal }).catch(() => {});
  await ai.stop();
  expect(driver.pool.out).toBe(0);
  expect(driver.faults).toEqual([]);
});

it("does not use a connection again whose statement had ended when the break came", async () => {
  const controller = new AbortController();
  const driver = new FakeOracle(({ connection }) => {
    connection.isSilent = true;
    controller.abort();
    return "answer";
  });
  await using ai = open(driver);
  await expect(ai.text("chat", "?", { signal: controller.signal })).rejects.toThrow();
  await expect.poll(() => driver.pool.out).toBe(0);
  // The break may still be on its way, and would end what is asked next.
  expect(driver.pool.connections[0]).toMatchObject({ breaks: 1, closedWith: { drop: true } });
});

it("gives up a connection that does not answer a break, and puts another in its place", async () => {
  const { arrived, driver } = stuck("slow");
  const ai = open(driver, { poolMax: 1, timeout: 20, breakTimeout: 20 });
  const slow = ai.text("chat", "slow");
  const connection = await arrived;
  connection.isSilent = true;
  await expect(slow).rejects.toThrow(TimeoutError);
  await expect(ai.text("chat", "next")).resolves.toBe("answer");
  expect(ai.stats().lost).toBe(1);
  expect(driver.pool).toMatchObject({ out: 1, poolMax: 2 });
  // When it comes back after all, it is given back as one not to be used again, and there are no more than before.
  connection.die(njsError("NJS-500", "connection closed"));
  await expect.poll(() => driver.pool.out).toBe(0);
  expect(connection.closedWith).toEqual({ drop: true });
  await expect.poll(() => driver.pool.poolMax).toBe(1);
  expect(ai.stats().lost).toBe(0);
  await ai.stop();
  expect(driver.faults).toEqual([]);
});

it("cuts a silent connection of the thin driver, so that its place is free at once", async () => {
  const { arrived, driver } = stuck("slow");
  await using ai = open(driver, { poolMax: 1, timeout: 20, breakTimeout: 20 });
  const slow = ai.text("chat", "slow");
  const connection = await arrived;
  connection.isSilent = true;
  const forceDisconnect = (): void => connection.die(njsError("NJS-500", "connection closed"));
  connection._impl = { nscon: { forceDisconnect } };
  await expect(slow).rejects.toThrow(TimeoutError);
  await expect.poll(() => [ai.stats().lost, driver.pool.out]).toEqual([0, 0]);
  expect(connection.closedWith).toEqual({ drop: true });
});

it("returns an answer though its connection cannot be given back", async () => {
  const driver = new FakeOracle();
  await using ai = open(driver, { poolMax: 1, breakTimeout: 20 });
  let isFirst = true;
  driver.onRead = () => {
    const connection = driver.pool.connections.at(-1)!;
    if (isFirst) connection.close = () => new Promise(() => {});
    else connection.close = () => Promise.reject(njsError("NJS-500", "connection closed"));
    isFirst = false;
  };
  await expect(ai.text("chat", "1")).resolves.toBe("answer to 1");
  expect(ai.stats().lost).toBe(1);
  await expect(ai.text("chat", "2")).resolves.toBe("answer to 2");
});

it("gives back a connection that comes when nobody waits for it any more", async () => {
  const driver = new FakeOracle();
  let connected!: () => void;
  driver.onConnect = () => new Promise<void>((resolve) => (connected = resolve));
  await using ai = open(driver, { poolMax: 1, timeout: 20, breakTimeout: 10 });
  await expect(ai.text("chat", "?")).rejects.toThrow("Cannot do 'chat' within 20 ms");
  expect(ai.stats().lost).toBe(1);
  driver.onConnect = () => {};
  await expect(ai.text("chat", "?")).resolves.toBe("answer to ?");
  connected();
  await expect.poll(() => [ai.stats().lost, driver.pool.out]).toEqual([0, 0]);
  expect(driver.faults).toEqual([]);
});

it.each([
  ["no listener", njsError("NJS-511", "connection refused")],
  ["a database that starts", oraError(1033, "ORACLE initialization or shutdown in progress")],
  ["a service that is not known yet", oraError(12_514, "listener does not know of service")],
])("tries again after %s, as nothing was sent", async (_name, failure) => {
  const driver = new FakeOracle();
  let failures = 2;
  driver.onConnect = () => {
    failures -= 1;
    if (failures >= 0) throw failure;
  };
  await using ai = open(driver);
  await expect(ai.text("chat", "?")).resolves.toBe("answer to ?");
  expect(ai.stats()).toMatchObject({ retried: 2, requests: 1, answered: 1 });
  expect(driver.received).toHaveLength(1);
});

it("has the driver keep connections only while the database can be reached", async () => {
  const driver = new FakeOracle();
  await using ai = open(driver, { poolMin: 2, retry: { retries: 0 } });
  const seen: number[] = [];
  const ask = async (): Promise<void> => {
    await ai.text("chat", "?").catch(() => {});
    await new Promise(setImmediate);
    seen.push(driver.pool.poolMin);
  };
  driver.onConnect = () => Promise.reject(njsError("NJS-503", "unreachable"));
  await ask();
  driver.onConnect = () => {};
  await ask();
  driver.onConnect = () => Promise.reject(njsError("NJS-503", "unreachable"));
  await ask();
  driver.onConnect = () => {};
  await ask();
  expect(seen).toEqual([0, 2, 0, 2]);
});

it("does not try a wrong password again", async () => {
  const driver = new FakeOracle();
  const failure = oraError(1017, "invalid credential or not authorized; logon denied");
  let attempts = 0;
  driver.onConnect = () => {
    attempts += 1;
    throw failure;
  };
  await using ai = open(driver);
  await expect(ai.text("chat", "?")).rejects.toBe(failure);
  expect(attempts).toBe(1);
});

it("tries again what the caller says can be, also when it was sent", async () => {
  let attempts = 0;
  const driver = new FakeOracle(() => {
    attempts += 1;
    if (attempts === 1) throw oraError(20_429, "too many requests");
    return "answer";
  });
  const on = ({ error }: { error: unknown }): boolean => (error as { errorNum?: number }).errorNum === 20_429;
  await using ai = open(driver, { retry: { retries: 1, wait: 1, on } });
  await expect(ai.text("chat", "?")).resolves.toBe("answer");
});

it("makes the pool anew when it could not be made", async () => {
  const driver = new FakeOracle();
  const createPool = driver.createPool.bind(driver);
  driver.createPool = () => Promise.reject(njsError("NJS-515", "error in connection string"));
  await using ai = open(driver);
  await expect(ai.text("chat", "?")).rejects.toThrow("NJS-515");
  driver.createPool = createPool;
  await expect(ai.text("chat", "?")).resolves.toBe("answer to ?");
});

it("lets what was asked end when it is stopped, and gives up the rest in time", async () => {
  const { arrived, driver } = stuck("slow");
  const ai = open(driver, { poolMax: 1 });
  const first = ai.text("chat", "first");
  const slow = ai.text("chat", "slow");
  const never = ai.text("chat", "never");
  await arrived;
  const outcomes = Promise.allSettled([first, slow, never]);
  await ai.stop({ timeout: 10 });
  expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(() => ai.text("chat", "late")).toThrow("Cannot ask Oracle as it is stopped");
  expect(driver.pool).toMatchObject({ out: 0, isClosed: true });
  expect(driver.faults).toEqual([]);
});

it("uses a pool of the caller, and leaves it open", async () => {
  const driver = new FakeOracle();
  const pool = await driver.createPool({ poolMax: 2 });
  const ai = new SelectAi({ pool, driver });
  await Promise.all([1, 2, 3, 4, 5].map((n) => ai.text("chat", String(n))));
  await ai.stop();
  expect(pool).toMatchObject({ mostOut: 2, acquired: 5, out: 0, isClosed: false });
  expect(driver.pools).toHaveLength(1);
  expect(driver.faults).toEqual([]);
});
