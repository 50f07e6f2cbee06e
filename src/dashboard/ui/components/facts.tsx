import type { ComponentChildren, JSX } from 'preact';

export type Fact = readonly [name: string, value: ComponentChildren];

/** Names and values in columns; what is not known is left out. */
export function Facts(props: { facts: readonly Fact[] }): JSX.Element {
  return (
    <dl class="fact-list">
      {props.facts
        .filter(([, value]) => value !== null && value !== '' && value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
