import { ValidateBy, ValidateIf } from 'class-validator';

/** What is written down about one variable: the README table, the parser and the error message all read this. */
export interface EnvVariable {
  readonly name: string;
  /** As the documentation shows it; null = unset. */
  readonly default: string | null;
  /** One sentence. */
  readonly meaning: string;
  /** Completes "NAME must be …". */
  readonly accepted: string;
  /** The value appears in no message. */
  readonly secret: boolean;
  /** An address: refused because of what is in it, which may be a user and a password. No message shows it either. */
  readonly address?: boolean;
}

type Scalar = string | number | boolean | readonly string[] | null;

interface DeclaredVariable extends EnvVariable {
  readonly fallback: Scalar;
  /** From the trimmed text to a value; `undefined` = not acceptable. */
  readonly parse: (text: string) => Scalar | undefined;
}

interface Common {
  readonly meaning: string;
  /** Overrides how the default is shown. */
  readonly defaultText?: string;
}

/** Stands in the place of a value that could not be read, until validation reports it. */
const UNREADABLE = Symbol('unreadable');

const declared = new Map<object, DeclaredVariable[]>();

/** The variables of a class, in the order they are declared. */
export function variablesOf(target: new () => object): readonly DeclaredVariable[] {
  return declared.get(target.prototype as object) ?? [];
}

/** Raw text for every declared variable, parsed; what cannot be parsed is marked for `validateSync` to find. */
export function parseInto(target: object, raw: ReadonlyMap<string, string>): void {
  for (const variable of declared.get(Object.getPrototypeOf(target) as object) ?? []) {
    const text = raw.get(variable.name);
    const value = text === undefined ? variable.fallback : (variable.parse(text) ?? UNREADABLE);
    Object.defineProperty(target, variable.name, { value, enumerable: true, writable: true });
  }
}

function declare(variable: Omit<DeclaredVariable, 'name'>): PropertyDecorator {
  return (target, property) => {
    const name = String(property);
    declared.set(target, [...(declared.get(target) ?? []), { ...variable, name }]);
    ValidateBy({
      name: 'readable',
      validator: {
        validate: (value) => value !== UNREADABLE,
        defaultMessage: () => `${name} must be ${variable.accepted}`,
      },
    })(target, property);
  };
}

export function WholeNumber(
  options: Common & { readonly default: number | null; readonly min: number; readonly max: number },
): PropertyDecorator {
  return declare({
    ...describe(options, `a whole number from ${options.min} to ${options.max}`),
    parse: (text) => within(/^\d+$/.test(text) ? Number(text) : NaN, options),
  });
}

/** Seconds; fractions are accepted. */
export function Seconds(
  options: Common & { readonly default: number; readonly min?: number; readonly max?: number },
): PropertyDecorator {
  const { min = 0.05, max = 86_400 } = options;
  return declare({
    ...describe(options, `a number of seconds from ${min} to ${max}`),
    parse: (text) => within(/^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN, { min, max }),
  });
}

const SWITCH: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  1: true,
  off: false,
  false: false,
  no: false,
  0: false,
};

/** `null` as the default means that it depends on something else. */
export function Switch(options: Common & { readonly default: boolean | null }): PropertyDecorator {
  const defaultText = options.defaultText ?? (options.default === true ? 'on' : 'off');
  return declare({
    ...describe({ ...options, defaultText }, 'on or off (also true, false, yes, no, 1, 0)'),
    parse: (text) => SWITCH[text.toLowerCase()],
  });
}

export function Choice(
  options: Common & { readonly default: string; readonly of: readonly string[] },
): PropertyDecorator {
  return declare({
    ...describe(options, `one of ${options.of.join(', ')}`),
    parse: (text) => options.of.find((value) => value === text.toLowerCase()),
  });
}

/** Comma-separated; blanks around an element are dropped, empty elements too. */
export function List(
  options: Common & { readonly accepted: string; readonly check: (element: string) => boolean },
): PropertyDecorator {
  return declare({
    ...describe({ ...options, default: null }, options.accepted),
    fallback: [],
    parse: (text) => {
      const elements = splitList(text).filter((element) => element !== '');
      return elements.every(options.check) ? elements : undefined;
    },
  });
}

export function Text(
  options: Common & {
    readonly default: string | null;
    readonly accepted: string;
    readonly check?: (text: string) => boolean;
    readonly secret?: boolean;
    readonly address?: boolean;
  },
): PropertyDecorator {
  const { check = () => true } = options;
  return declare({
    ...describe(options, options.accepted),
    secret: options.secret ?? false,
    address: options.address ?? false,
    parse: (text) => (check(text) ? text : undefined),
  });
}

/** Leaves a variable unchecked while another one, which goes before it, is set. */
export function UnlessSet(...names: readonly string[]): PropertyDecorator {
  return ValidateIf((all: Readonly<Record<string, unknown>>) => names.every((name) => all[name] === null));
}

export function splitList(text: string): string[] {
  return text.split(',').map((element) => element.trim());
}

function describe(
  options: Common & { readonly default: Scalar },
  accepted: string,
): Omit<DeclaredVariable, 'name' | 'parse'> {
  const { default: fallback, meaning, defaultText } = options;
  return {
    default: defaultText ?? (fallback === null ? null : String(fallback)),
    meaning,
    accepted,
    secret: false,
    fallback,
  };
}

function within(value: number, range: { readonly min: number; readonly max: number }): number | undefined {
  return value >= range.min && value <= range.max ? value : undefined;
}
