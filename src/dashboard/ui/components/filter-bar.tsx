import type { JSX } from 'preact';
import { words } from '../format.js';
import { getQuery, go, route, setQuery } from '../router.js';
import { Field } from './field.js';

export interface Filter {
  /** Of the query, in the address and in the API alike. */
  readonly name: string;
  readonly label: string;
  /** Exactly one of these; otherwise free text. */
  readonly choices?: readonly string[];
  readonly suggestions?: readonly string[];
  readonly placeholder?: string;
}

const SINCE = ['15m', '1h', '24h', '7d', '30d'];
const SPANS = new Map([
  ['15m', '15 minutes ago'],
  ['1h', 'an hour ago'],
  ['24h', 'a day ago'],
  ['7d', 'a week ago'],
  ['30d', 'a month ago'],
]);

export const SINCE_FILTER: Filter = { name: 'since', label: 'Since', choices: SINCE };

/** What the list is narrowed to stands in the address, so that it can be shared; another choice begins at the newest. */
export function FilterBar(props: { filters: readonly Filter[]; label: string }): JSX.Element {
  const active = props.filters.some(({ name }) => getQuery(name) !== '');
  return (
    <form class="filters" aria-label={props.label} onSubmit={(event) => event.preventDefault()}>
      {props.filters.map((filter) => (
        <FilterField key={filter.name} filter={filter} />
      ))}
      <button type="button" disabled={!active} onClick={() => go(route.value.path)}>
        Clear
      </button>
    </form>
  );
}

function FilterField({ filter }: { filter: Filter }): JSX.Element {
  const value = getQuery(filter.name);
  const choices = filter.choices && withCurrent(filter.choices, value);
  return (
    <Field
      label={filter.label}
      name={filter.name}
      value={value}
      on="change"
      onValue={(text) => setQuery({ [filter.name]: text.trim(), cursor: null })}
      {...(choices === undefined
        ? { suggestions: filter.suggestions, ...placeholderOf(filter) }
        : {
            choices: [
              { value: '', label: 'any' },
              ...choices.map((one) => ({
                value: one,
                label: SPANS.get(one) ?? words(one).replace('.', ' '),
              })),
            ],
          })}
    />
  );
}

function placeholderOf({ placeholder }: Filter): { placeholder?: string } {
  return placeholder === undefined ? {} : { placeholder };
}

/** An address may hold what the list does not offer. */
function withCurrent(choices: readonly string[], value: string): readonly string[] {
  return value === '' || choices.includes(value) ? choices : [...choices, value];
}
