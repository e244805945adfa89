import type { PackageDefinition } from '@grpc/proto-loader';

/** A field as proto-loader describes it. */
interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly typeName: string;
  readonly proto3Optional: boolean;
}

interface Described {
  readonly field: readonly Field[];
  readonly enumType: readonly EnumDescribed[];
  readonly oneofDecl: readonly unknown[];
}

interface EnumDescribed {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number: number }[];
}

interface ServiceMethod {
  readonly requestType: { readonly type: { readonly name: string } };
  readonly responseType: { readonly type: { readonly name: string } };
  requestSerialize: (message: object) => Buffer;
  responseSerialize: (message: object) => Buffer;
}

type Message = Readonly<Record<string, unknown>>;
/** The message without its zeros. */
type Shorten = (message: Message) => Message;
/** What is to be written of one field; undefined = nothing. */
type Keep = (value: unknown) => unknown;

const LONG = /^TYPE_(U?INT64|SINT64|S?FIXED64)$/;

/**
 * Makes the services of a package write their messages as protoc does: a field that holds its zero is left out. The library
 * writes whatever is set, which reads the same but is longer, and is not what the original sends.
 */
export function leaveOutZeros(contracts: PackageDefinition, packageName: string): void {
  const messages = new Messages(contracts, packageName);
  const services = Object.entries(contracts).filter(
    ([name, definition]) => name.startsWith(`${packageName}.`) && !('format' in definition),
  );
  for (const method of services.flatMap(([, service]) => Object.values(service) as ServiceMethod[])) {
    const { requestSerialize, responseSerialize } = method;
    const request = messages.shortener(`${packageName}.${method.requestType.type.name}`);
    const response = messages.shortener(`${packageName}.${method.responseType.type.name}`);
    method.requestSerialize = (message) => requestSerialize(request(message as Message));
    method.responseSerialize = (message) => responseSerialize(response(message as Message));
  }
}

class Messages {
  readonly #shorteners = new Map<string, Shorten>();

  constructor(
    private readonly contracts: PackageDefinition,
    private readonly packageName: string,
  ) {}

  /** For the message of a full name; one that is not known is left as it is. */
  shortener(name: string): Shorten {
    const known = this.#shorteners.get(name);
    if (known !== undefined) return known;
    const described = this.#described(name);
    if (described === null) return (message) => message;
    const fields = new Map<string, Keep>();
    const shorten: Shorten = (message) => shortened(message, fields);
    // Known before its fields are looked at, because a message may contain itself.
    this.#shorteners.set(name, shorten);
    for (const field of described.field) fields.set(field.name, this.#keep(field, described));
    return shorten;
  }

  #keep(field: Field, within: Described): Keep {
    if (field.type === 'TYPE_MESSAGE') return this.#keepMessage(field);
    // A list writes every element, and what has a presence of its own says something by its zero.
    if (field.label === 'LABEL_REPEATED' || field.proto3Optional || within.oneofDecl.length > 0) return asIs;
    if (field.type === 'TYPE_ENUM') return without([0, zeroName(within.enumType, field.typeName)]);
    return without(LONG.test(field.type) ? [0, '0'] : [0, '', false]);
  }

  #keepMessage({ label, typeName }: Field): Keep {
    const shorten = this.shortener(this.#fullName(typeName));
    if (label === 'LABEL_REPEATED') return (list) => (list as Message[]).map(shorten);
    return (message) => shorten(message as Message);
  }

  #fullName(typeName: string): string {
    const local = `${this.packageName}.${typeName}`;
    return this.#described(local) === null ? typeName : local;
  }

  #described(name: string): Described | null {
    const definition = this.contracts[name];
    return definition !== undefined && 'format' in definition ? (definition.type as Described) : null;
  }
}

function shortened(message: Message, fields: ReadonlyMap<string, Keep>): Message {
  const short: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    if (value === null || value === undefined) continue;
    const kept = (fields.get(name) ?? asIs)(value);
    if (kept !== undefined) short[name] = kept;
  }
  return short;
}

const asIs: Keep = (value) => value;

/** Minus zero is not zero: the sign would be lost. */
function without(zeros: readonly unknown[]): Keep {
  return (value) => (zeros.some((zero) => Object.is(zero, value)) ? undefined : value);
}

/** The value an enum has when it is left out; only enums that stand in the message itself are known by name. */
function zeroName(enums: readonly EnumDescribed[], typeName: string): string | undefined {
  const found = enums.find(({ name }) => name === typeName);
  return found?.value.find(({ number }) => number === 0)?.name;
}
