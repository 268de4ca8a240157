/** The file is not text and is skipped: thrown by a stage, it passes through all later ones to the end. */
export class NotTextError extends Error {
  override name = "NotTextError";
  readonly path: string;

  constructor(path: string) {
    super(`Not text: ${path}`);
    this.path = path;
  }
}
