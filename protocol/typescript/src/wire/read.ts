/**
 * Readers: from what JSON holds to what a type promises. Unknown fields are dropped, defaults filled
 * in, and what is wrong is named by its path, never by its value, which may be a secret.
 */

/** Any JSON object. */
export type JsonObject = Record<string, unknown>;

/** Returns the value as a `T`, or throws a {@link Mismatch}. */
export type Reader<T> = (value: unknown) => T;

/** A value of another shape than its type's. */
export class Mismatch extends Error {
  /** Where it is: names of fields and numbers of items, from the outside in. */
  readonly path: (string | number)[] = [];

  /** The path as people write it, such as `inputs[0].mime`; empty for the value itself. */
  get place(): string {
    let place = "";
    for (const step of this.path) {
      if (typeof step === "number") place += `[${step}]`;
      else place += place === "" ? step : `.${step}`;
    }
    return place;
  }
}

/** Says what a value is, without the value. */
function described(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  const type = typeof value;
  return type === "object" ? "an object" : `a ${type}`;
}

function mismatch(expected: string, value: unknown): Mismatch {
  return new Mismatch(`expected ${expected}, got ${described(value)}`);
}

export const string: Reader<string> = (value) => {
  if (typeof value === "string") return value;
  throw mismatch("a string", value);
};

export const boolean: Reader<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  throw mismatch("true or false", value);
};

export const number: Reader<number> = (value) => {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw mismatch("a number", value);
};

/** A whole number of so many bits. One of 64 is what JavaScript made of it, exact up to 2^53. */
export function unsigned(bits: 32 | 64): Reader<number> {
  const most = bits === 32 ? 2 ** 32 - 1 : 2 ** 64;
  return (value) => {
    if (typeof value !== "number") throw mismatch("a whole number", value);
    if (Number.isInteger(value) && value >= 0 && value <= most) return value;
    throw new Mismatch(`expected a whole number from 0 to 2^${bits}-1, got another one`);
  };
}

/** An error's code: whole, perhaps negative. */
export const integer: Reader<number> = (value) => {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw mismatch("a whole number", value);
};

export const any: Reader<unknown> = (value) => value;

export const json: Reader<JsonObject> = (value) => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw mismatch("an object", value);
};

/** One of a few words; an unknown one is refused. */
export function word<W extends string>(words: readonly W[]): Reader<W> {
  return (value) => {
    const known = words.find((candidate) => candidate === string(value));
    if (known !== undefined) return known;
    throw new Mismatch(`expected one of ${words.join(", ")}, got another word`);
  };
}

/** One of a few words; an unknown one means `otherwise`. */
export function wordOr<W extends string>(words: readonly W[], otherwise: W): Reader<W> {
  return (value) => words.find((candidate) => candidate === string(value)) ?? otherwise;
}

export function list<T>(item: Reader<T>): Reader<T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw mismatch("a list", value);
    return value.map((element, index) => at(index, item, element));
  };
}

/** An object of any names, whose values are alike. */
export function map<T>(item: Reader<T>): Reader<Record<string, T>> {
  // `fromEntries` makes even `__proto__` a field like any other.
  return (value) => Object.fromEntries(Object.entries(json(value)).map(([key, element]) => [key, at(key, item, element)]));
}

/** A field of an object. */
export interface Field<T> {
  readonly read: Reader<T>;
  /** What stands for a field that is not there; without it, there must be one. */
  readonly fill?: () => T;
  /** Whether the field may be left out, as `null` leaves it out too. */
  readonly optional?: true;
  /** Whether an empty list or object is left out. */
  readonly sparse?: true;
}

interface Optional<T> extends Field<T> {
  readonly optional: true;
}

/** A field that may be absent or `null`. */
export function optional<T>(read: Reader<T>): Optional<T> {
  return { read, optional: true };
}

/** A field that is left out where it holds nothing. */
export function sparse<T extends object>(read: Reader<T>): Optional<T> {
  return { read, optional: true, sparse: true };
}

/** A field for which something stands where it is absent. */
export function filled<T>(read: Reader<T>, fill: () => T): Field<T> {
  return { read, fill };
}

type Fields = Record<string, Field<unknown> | Reader<unknown>>;
type Read<F> = F extends Reader<infer T> ? T : F extends Field<infer T> ? T : never;
type OptionalKeys<F> = { [K in keyof F]: F[K] extends Optional<unknown> ? K : never }[keyof F];
/** What an object with these fields is. */
type Shape<F> = { [K in Exclude<keyof F, OptionalKeys<F>>]: Read<F[K]> } & { [K in OptionalKeys<F>]?: Read<F[K]> };

/** An object with these fields; all others are dropped. */
export function object<F extends Fields>(fields: F): Reader<Shape<F>> {
  const entries = Object.entries(fields).map(([key, field]) => ({
    key,
    field: typeof field === "function" ? ({ read: field } satisfies Field<unknown>) : field,
  }));
  return (value) => {
    const from = json(value);
    const to: JsonObject = {};
    for (const { key, field } of entries) read(key, field, from, to);
    return to as Shape<F>;
  };
}

/** As {@link object}, and all other fields stay as they are. */
export function open<F extends Fields>(fields: F): Reader<Shape<F> & JsonObject> {
  const known = object(fields);
  return (value) => {
    const others = Object.entries(json(value)).filter(([key]) => !Object.hasOwn(fields, key));
    return { ...known(value), ...Object.fromEntries(others) } as Shape<F> & JsonObject;
  };
}

function read(key: string, field: Field<unknown>, from: JsonObject, to: JsonObject): void {
  const value = Object.hasOwn(from, key) ? from[key] : undefined;
  if (value === undefined || (value === null && field.optional && !field.sparse)) {
    if (field.fill) to[key] = field.fill();
    else if (!field.optional) throw new Mismatch(`missing field \`${key}\``);
    return;
  }
  const taken = at(key, field.read, value);
  const isEmpty = field.sparse && Object.keys(taken as object).length === 0;
  if (!isEmpty) to[key] = taken;
}

function at<T>(step: string | number, reader: Reader<T>, value: unknown): T {
  try {
    return reader(value);
  } catch (error) {
    if (error instanceof Mismatch) error.path.unshift(step);
    throw error;
  }
}
