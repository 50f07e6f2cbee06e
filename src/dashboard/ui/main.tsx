import { render } from 'preact';
import { App } from './components/app.js';
import { startClock } from './clock.js';
import { startLive } from './live.js';
import { startRouter } from './router.js';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
startRouter();
startClock();
startLive();
