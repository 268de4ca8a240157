import type { Command } from "./command.js";
import { jobsCommand } from "./jobs/jobs-command.js";
import { map } from "./map/map-command.js";
import { nodeCommand } from "./node/node-command.js";
import { nodesCommand } from "./nodes/nodes-command.js";
import { prompts } from "./prompts/prompts-command.js";
import { serveModelCommand } from "./serve-model/serve-model-command.js";

/** The commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [prompts, map, serveModelCommand, nodeCommand, nodesCommand, jobsCommand];
