/** How a connection with TLS is made: what users say, and what is refused. */
import { checkFields } from "./check-fields.js";
import { checkFlag } from "./check-flag.js";
import { show } from "./show.js";

type Pem = string | Uint8Array;

/** Options of TLS, as in `node:tls`. Certificates and keys are texts in PEM format, or the bytes of them; not paths. */
export interface BrokerTls {
  /** Certificates of the authorities to trust, instead of those that Node.js trusts. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The certificate of this side, where the server asks for one. */
  readonly cert?: Pem | undefined;
  /** Its key. */
  readonly key?: Pem | undefined;
  /** The name that the certificate of the server must have. Default: the host in the url. */
  readonly servername?: string | undefined;
  /** Whether a server without a certificate that can be trusted is refused. Default: true. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/** The same, as texts. */
export interface ResolvedTls {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** @throws {TypeError} naming the option and what it must be; keys are not shown */
export function resolveTls(tls: BrokerTls | undefined): ResolvedTls | undefined {
  if (tls === undefined) return undefined;
  checkFields("broker.tls", tls, ["ca", "cert", "key", "servername", "rejectUnauthorized"]);
  const { ca, cert, key, servername, rejectUnauthorized } = tls;
  checkFlag("broker.tls.rejectUnauthorized", rejectUnauthorized);
  if (servername !== undefined && (typeof servername !== "string" || servername === "")) {
    throw new TypeError(
      `Cannot set 'broker.tls.servername' as it must be the name of a host: current value is ${show(servername)}`,
    );
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [given, other] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw new TypeError(`Cannot set 'broker.tls.${given}' as it needs '${other}' beside it`);
  }
  return {
    ...(ca !== undefined && { ca: (Array.isArray(ca) ? (ca as Pem[]) : [ca as Pem]).map((one) => pem("ca", one)) }),
    ...(cert !== undefined && { cert: pem("cert", cert) }),
    ...(key !== undefined && { key: pem("key", key) }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function pem(name: string, value: Pem): string {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  if (typeof text === "string" && text.includes("-----BEGIN ")) return text;
  throw new TypeError(
    `Cannot set 'broker.tls.${name}' as it must be text in PEM format, which holds '-----BEGIN': read the file first, and ` +
      "convert others with openssl",
  );
}
