/** Providers, and how many clients each serves. */
import { show } from "../../config/show.js";
import type { Account, Provider } from "../provider.js";

const uses = new WeakMap<object, number>();

/** @throws {TypeError} when it is none */
export function checkProvider<A extends Account>(value: Provider<A>): Provider<A> {
  const { send, accounts } = (value ?? {}) as Partial<Provider<A>>;
  if (typeof send === "function" && Array.isArray(accounts) && accounts.length > 0) return value;
  throw new TypeError(
    `Cannot make a client as 'provider' must be one, as openai({ model }) makes it: current value is ${show(value)}`,
  );
}

/** One client more. */
export function useProvider(provider: Pick<Provider, "close">): void {
  uses.set(provider, (uses.get(provider) ?? 0) + 1);
}

/** One client less; the last closes it. */
export async function closeWithLast(provider: Pick<Provider, "close">): Promise<void> {
  const left = (uses.get(provider) ?? 1) - 1;
  uses.set(provider, left);
  if (left === 0) await provider.close?.();
}
