/** A shape: all that decides which nodes can take a worker. Waiting workers of one shape stand in one line. */
import { type Amounts, type Need, neededAmounts } from "./need.js";

/** Name and version of the definition, format of messages, what is needed. */
export type Shape = readonly [name: string, version: string, format: number, need: Amounts];

/** The shape of a request, as text: equal for requests that are alike. */
export function shapeText(request: {
  readonly name: string;
  readonly version: string;
  readonly format: number;
  readonly need: Need;
}): string {
  const shape: Shape = [request.name, request.version, request.format, neededAmounts(request.need)];
  return JSON.stringify(shape);
}
