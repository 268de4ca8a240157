/** Started by `startModel`. */
import { serveModel, type SimulationOptions } from "manyhands/prompts";

const model = await serveModel(JSON.parse(process.argv[2]!) as SimulationOptions);
process.on("message", () => process.send!(model.stats()));
process.once("disconnect", () => process.exit());
process.send!(model.url);
