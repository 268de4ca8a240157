import workerpool from "workerpool";
import { count, cpu, echo, noop, size } from "../work.js";

function transfer(bytes: Uint8Array): unknown {
  return new workerpool.Transfer(bytes, [bytes.buffer]);
}

workerpool.worker({ noop, echo, cpu, size, count, transfer });
