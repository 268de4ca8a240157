import { move } from "piscina";

export { count, cpu, echo, noop, size } from "../work.js";

export function transfer(bytes: Uint8Array): unknown {
  return move(bytes);
}
