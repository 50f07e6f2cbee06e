import { MemoryLiveState } from '../../src/state/memory-live-state.js';
import { ManualClock } from '../support/routing-world.js';
import { liveStateContract } from './live-state.contract.js';

liveStateContract('memory', (maxBindings) => new MemoryLiveState(maxBindings, new ManualClock()));
