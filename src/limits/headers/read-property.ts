/** The value of a property of something foreign; nothing when its getter throws. */
export function readProperty(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}
