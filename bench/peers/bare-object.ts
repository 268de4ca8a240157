/** Floors of calls in the same thread. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Open } from "../peer.js";
import * as work from "../work.js";

/** Methods of an object, awaited. */
export const bareObject: Open = () => ({ ...work, close: () => {} });

/** The same in a program that follows its contexts through awaits, which makes every promise of the thread slower. */
export const bareObjectInContext: Open = () => {
  new AsyncLocalStorage<number>().enterWith(1);
  return bareObject(1);
};

/** What a queue of calls is at least: for each an object in a list, and a promise that is resolved in a later turn. */
export const bareQueue: Open = () => {
  let queue: { readonly value: number; readonly resolve: (value: number) => void }[] = [];
  const answer = (): void => {
    const answered = queue;
    queue = [];
    for (const { value, resolve } of answered) resolve(value);
  };
  const noop = (value: number): Promise<number> =>
    new Promise((resolve) => {
      if (queue.push({ value, resolve }) === 1) setImmediate(answer);
    });
  return { ...work, noop, close: () => {} };
};
