/** The least that Node can do: loops over `node:http`, without retries, limits, timeouts or a check of what comes. */
import { Agent, request } from "node:http";
import { MODEL, type PromptJob, type PromptPeer, type PromptRun } from "./prompt-peer.js";

export const BARE_HTTP: PromptPeer = { name: "node:http, bare loops", run };

async function run({ url, prompts, concurrency }: PromptJob): Promise<PromptRun> {
  const agent = new Agent({ keepAlive: true });
  const answers: (string | undefined)[] = [];
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < prompts.length) {
      const index = next++;
      answers[index] = await ask(agent, url, prompts[index]!);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  agent.destroy();
  return { answers };
}

function ask(agent: Agent, url: string, content: string): Promise<string> {
  const body = JSON.stringify({ model: MODEL, messages: [{ role: "user", content }] });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}/chat/completions`, { method: "POST", agent, headers }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => (text += chunk));
      incoming.on("end", () => {
        const { choices } = JSON.parse(text) as { choices: readonly { message: { content: string } }[] };
        resolve(choices[0]!.message.content);
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
