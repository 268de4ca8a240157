import { onTestFinished } from "vitest";
import { serveModel, type SimulatedModel, type SimulationOptions } from "manyhands/prompts";

/** How long to wait for what takes no time on a machine that has nothing else to do. */
export const PATIENCE = { timeout: 10_000 };

/** Serves a model until the test is over. */
export async function serve(options: SimulationOptions = {}): Promise<SimulatedModel> {
  const model = await serveModel({ latency: 0, ...options });
  onTestFinished(() => model.close());
  return model;
}

export interface AskOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Posts a body. */
export function post(model: SimulatedModel, body: unknown, options: AskOptions = {}): Promise<Response> {
  const { path = "/chat/completions", headers = {}, signal } = options;
  return fetch(model.url + path, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** What asks for a chat completion. */
export function chatBody(prompt: string, more: object = {}): object {
  return { model: "any", messages: [{ role: "user", content: prompt }], ...more };
}

/** The text of a chat completion. */
export async function textOf(response: Response): Promise<string> {
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]!.message.content;
}

/** The error in a response. */
export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  return ((await response.json()) as { error: Record<string, unknown> }).error;
}
