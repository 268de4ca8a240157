/** The floor of calls in the same thread: methods of an object, awaited. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Open } from "../peer.js";
import * as work from "../work.js";

export const bareObject: Open = () => ({ ...work, close: () => {} });

/** The same in a program that follows its contexts through awaits, which makes every promise of the thread slower. */
export const bareObjectInContext: Open = () => {
  new AsyncLocalStorage<number>().enterWith(1);
  return bareObject(1);
};
