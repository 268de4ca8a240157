/** `manyhands/distributed`: nodes, results of tasks, limits across machines. */
export { type BrokerOptions } from "./broker/options.js";
