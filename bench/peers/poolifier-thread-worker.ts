import { ThreadWorker } from "poolifier";
import { poolifierWork } from "./poolifier-work.js";

export default new ThreadWorker<unknown, unknown>(poolifierWork);
