#!/usr/bin/env node
/** The command `manyhands`. */
import { runProgram } from "./program.js";

const code = await runProgram(process.argv.slice(2));
// What the user's module has left open, a timer or a connection, must not keep the program; what was written must leave.
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(code);

async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}
