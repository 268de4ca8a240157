/**
 * Arguments of Node.js by which the modules of workers get the library without what they seldom use (`host-index.ts`).
 * Without them all goes well too, only a start takes longer.
 */
export const HOST_ARGUMENTS: readonly string[] = ["--conditions=manyhands-host"];
