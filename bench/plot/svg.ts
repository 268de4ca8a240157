/** Just enough SVG for plots: elements as text, and one style sheet that serves light and dark pages. */

export const WIDTH = 800;
const FONT = 15;

/** A colour by what it is for; each has a value on light and one on dark pages. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  page: ["#ffffff", "#0d1117"],
  ink: ["#1f2328", "#e6edf3"],
  quiet: ["#59636e", "#9198a1"],
  grid: ["#d8dee4", "#2f353d"],
  ours: ["#0969da", "#4493f8"],
  peer: ["#9aa4ae", "#6e7681"],
  floor: ["#c69026", "#d4a72c"],
  series1: ["#bc4c00", "#f0883e"],
  series2: ["#1a7f37", "#3fb950"],
  series3: ["#8250df", "#ab7df8"],
  series4: ["#bf3989", "#f778ba"],
  series5: ["#117a82", "#39c5cf"],
};

export type Attributes = Readonly<Record<string, string | number>>;

/** An element with its content, which is markup already. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(String(shorten(value)))}"`);
  return `<${name}${list.join("")}${content === "" ? "/>" : `>${content}</${name}>`}`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escape(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, name: string): string {
  return element("line", { x1, y1, x2, y2, class: name });
}

/** A whole image; `title` is what it shows, for those who cannot see it. */
export function image(height: number, title: string, content: readonly string[]): string {
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${shorten(height)}` };
  const page = element("rect", { width: WIDTH, height, class: "page" });
  const body = [element("title", {}, escape(title)), element("style", {}, style()), page, ...content];
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", role: "img", ...size }, `\n${body.join("\n")}\n`)}\n`;
}

function style(): string {
  const names = Object.entries(COLOURS);
  const variables = (index: 0 | 1): string => names.map(([name, colour]) => `--${name}:${colour[index]}`).join(";");
  return [
    `svg{${variables(0)}}`,
    `@media(prefers-color-scheme:dark){svg{${variables(1)}}}`,
    `text{font:${FONT}px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--ink)}`,
    ".quiet{fill:var(--quiet)}.strong{font-weight:600}",
    ".grid{stroke:var(--grid);stroke-width:1}.range{stroke:var(--ink);stroke-width:1.5;opacity:.6}",
    ".curve{fill:none;stroke-width:2}.curve.thick{stroke-width:4}.curve.dashed{stroke-dasharray:6 5}",
    ...names.map(([name]) => `.${name}{fill:var(--${name})}.stroke-${name}{stroke:var(--${name})}`),
  ].join("");
}

function shorten(value: string | number): string | number {
  return typeof value === "number" ? Math.round(value * 10) / 10 : value;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
