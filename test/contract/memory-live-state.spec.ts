import { MemoryLiveState } from '../../src/state/memory-live-state.js';
import { liveStateContract } from './live-state.contract.js';

liveStateContract('memory', (maxBindings) => new MemoryLiveState(maxBindings));
