/** The real driver, as far as it goes without a database: what it takes, and connections that cannot be made. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { SelectAi } from "manyhands/prompts";

/** Something that listens where a database would, and what connects to it. */
async function listen(answer: (socket: Socket) => void): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    answer(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}

function login(port: number): { user: string; password: string; connectString: string; poolMin: number } {
  return { user: "SCOTT", password: "tiger", connectString: `127.0.0.1:${port}/service`, poolMin: 1 };
}

it("connects as often as there are attempts, and no more", async () => {
  const { port, sockets } = await listen((socket) => socket.destroy());
  const ai = new SelectAi({ ...login(port), retry: { retries: 2, wait: 0 } });
  await expect(ai.text("chat", "?")).rejects.toMatchObject({ code: "NJS-500" });
  expect(ai.stats()).toMatchObject({ requests: 1, failed: 1, retried: 2, lost: 0 });
  // Left alone, the driver would go on by itself, some 500 times a second.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(sockets).toHaveLength(3);
  await ai.stop();
});

it("waits no longer than it may for a listener that says nothing, and is stopped all the same", async () => {
  const { port, sockets } = await listen(() => {});
  const ai = new SelectAi({ ...login(port), timeout: 50, breakTimeout: 20 });
  await expect(ai.text("chat", "?")).rejects.toThrow("Cannot do 'chat' within 50 ms as the database did not answer");
  expect(ai.stats().lost).toBe(1);
  await ai.stop();
  expect(sockets).toHaveLength(1);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => ai.stats().lost).toBe(0);
});
