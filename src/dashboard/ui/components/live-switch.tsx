import type { JSX } from 'preact';
import { connection } from '../store.js';

/** Whether new rows appear by themselves. */
export function LiveSwitch(props: {
  paused: boolean;
  older: boolean;
  onPause: (paused: boolean) => void;
}): JSX.Element {
  const { paused, older } = props;
  const live = !paused && !older && connection.value === 'live';
  return (
    <>
      <span class={`live ${live ? 'good' : ''}`} role="status">
        {live ? 'Live' : older ? 'Older rows stand still' : paused ? 'Paused' : 'Not connected'}
      </span>
      <button type="button" aria-pressed={paused} disabled={older} onClick={() => props.onPause(!paused)}>
        Pause
      </button>
    </>
  );
}
