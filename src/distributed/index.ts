/** `manyhands/distributed`: nodes, results of tasks, limits across machines. */
export { type BrokerOptions } from "./broker/options.js";
export { asyncResult, type AsyncResultOptions } from "./tasks/delay-task.js";
