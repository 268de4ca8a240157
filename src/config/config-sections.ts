/** What a configuration looks like, and what is refused in one. */
import { show } from "./show.js";
import { closest } from "./closest.js";
import { type Mode, MODES } from "./mode.js";
import { listWords, oneOf } from "./one-of.js";

/** The name of a section: the options in it apply to pools of that mode, or to all. */
export type SectionName = "defaults" | Mode;

/** Options of pools by mode; `O` is the type of the options. A section of a mode beats `defaults`. */
export interface ConfigSections<O extends object = object> extends Readonly<
  Partial<Record<Mode, Omit<O, "mode"> | undefined>>
> {
  /** Options in every mode; only here may `mode` itself stand. */
  readonly defaults?: O | undefined;
}

/** Checks the options of one section, for whoever knows their names; throws for one it does not know. */
export type SectionCheck = (options: object, section: SectionName) => void;

/** Options as they are kept: a copy that later changes to the original do not reach. */
export type KeptOptions = Readonly<Record<string, unknown>>;

/** A configuration as it is kept. A section that was named without options holds `undefined`. */
export type KeptSections = Readonly<Partial<Record<SectionName, KeptOptions | undefined>>>;

const SECTIONS: readonly SectionName[] = ["defaults", ...MODES];

/**
 * Checks a configuration and copies it.
 *
 * @throws {TypeError} for a section that does not exist or is no object, and for a `mode` that is none or out of place
 */
export function keepSections(config: ConfigSections, check: SectionCheck | undefined): KeptSections {
  if (!isRecord(config)) {
    throw new TypeError(`Cannot configure pools as the configuration must be an object${currentValue(config)}`);
  }
  return Object.fromEntries(
    Object.entries(config).map(([name, options]) => {
      const section = sectionName(name);
      return [section, options === undefined ? undefined : keepOptions(section, options, check)];
    }),
  );
}

function keepOptions(section: SectionName, options: unknown, check: SectionCheck | undefined): KeptOptions {
  if (!isRecord(options)) {
    throw new TypeError(`Cannot configure '${section}' as it must be an object of options${currentValue(options)}`);
  }
  const kept = Object.freeze({ ...options });
  if (Object.hasOwn(kept, "mode")) {
    if (section !== "defaults") {
      throw new TypeError(`Cannot set 'mode' in '${section}' as the mode chooses the section: set it in 'defaults'`);
    }
    if (kept.mode !== undefined) oneOf("mode", kept.mode, MODES);
  }
  check?.(kept, section);
  return kept;
}

function sectionName(name: string): SectionName {
  const found = SECTIONS.find((section) => section === name);
  if (found) return found;
  const hint = closest(name, SECTIONS);
  throw new TypeError(
    `Cannot configure '${name}' as a section must be one of ${listWords(SECTIONS)}` +
      (hint ? `: did you mean '${hint}'?` : ": options go inside a section"),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function currentValue(value: unknown): string {
  return `: current value is ${show(value)}`;
}
