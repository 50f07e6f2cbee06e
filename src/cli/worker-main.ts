#!/usr/bin/env node
/** `responses-proxy-worker` is `responses-proxy worker`. */
process.argv.splice(2, 0, 'worker');
await import('./main.js');
