import type { JSX } from 'preact';
import { now } from '../clock.js';
import { moment, span, timeOfDay } from '../format.js';

/** A point in time: of today as a time, else with its day; `ago` as a span that ticks. The whole of it on hover. */
export function Time(props: { at: number; ago?: boolean }): JSX.Element {
  const { at } = props;
  const date = new Date(at);
  const today = date.toDateString() === new Date(now.peek()).toDateString();
  const text = props.ago === true ? `${span(now.value - at)} ago` : today ? timeOfDay(at) : moment(at);
  return (
    <time dateTime={date.toISOString()} title={`${moment(at)} (${date.toISOString()})`}>
      {text}
    </time>
  );
}
