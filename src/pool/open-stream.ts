import { Stream } from "../future/stream.js";
import type { CallTraits } from "./call.js";
import type { CallOptions } from "./options.js";
import type { MethodInfo } from "./method-plan.js";
import type { PoolCore } from "./pool-core.js";

/** Prepares a call of a streaming method; its first `next()` makes the call. */
export function openStream(
  core: PoolCore,
  method: MethodInfo,
  args: readonly unknown[],
  options: CallOptions,
  traits: CallTraits,
): Stream<unknown> {
  return new Stream<unknown>((sink) => {
    const call = core.submit(core.kindOf(method, options, { ...traits, sink }), args);
    return {
      future: call.future,
      pull: (count) => core.pull(call, count),
      close: () => core.closeStream(call),
    };
  }, options.readAhead);
}
